/**
 * JSON for people: indented, but a value that fits on a line stays on one line, and a list of numbers always does.
 */

const LINE_CHARACTERS = 140;

/** Returns the value as JSON text that ends in a new line. It parses to the same value as that of `JSON.stringify`. */
export function readableJson(value: unknown): string {
  return `${layOut(JSON.parse(JSON.stringify(value)) as unknown, '')}\n`;
}

/** Lays out the parts first, so that no text is made twice: a value fits on a line only if its parts do. */
function layOut(value: unknown, indent: string): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  const list = Array.isArray(value);
  const parts = list
    ? value.map((one) => layOut(one, inner))
    : Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${layOut(one, inner)}`);
  const numbers = list && value.every((one) => typeof one !== 'object' || one === null);
  const [open, close, space] = list ? ['[', ']', ''] : ['{', '}', parts.length > 0 ? ' ' : ''];
  const line = `${open}${space}${parts.join(', ')}${space}${close}`;
  if (numbers || (indent.length + line.length <= LINE_CHARACTERS && !line.includes('\n'))) return line;
  return `${open}\n${parts.map((part) => inner + part).join(',\n')}\n${indent}${close}`;
}
