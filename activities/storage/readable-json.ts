/**
 * JSON for people: indented, but whatever fits on a line stays on one, and lists of numbers always do.
 */

const LINE_CHARACTERS = 140;

/** Returns the value as JSON text, ending in a new line; it parses to what `JSON.stringify` would give. */
export function readableJson(value: unknown): string {
  return `${layOut(JSON.parse(JSON.stringify(value)) as unknown, '')}\n`;
}

/** What fits on a line is made of what does: the parts are laid out first, so that nothing is written twice. */
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
