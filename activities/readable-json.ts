/**
 * JSON for people: indented, but whatever fits on a line stays on one, and lists of numbers always do.
 */

const LINE_CHARACTERS = 140;

/** Returns the value as JSON text, ending in a new line; it parses to what `JSON.stringify` would give. */
export function readableJson(value: unknown): string {
  return `${layOut(JSON.parse(JSON.stringify(value)) as unknown, '')}\n`;
}

function layOut(value: unknown, indent: string): string {
  const line = onOneLine(value);
  if (typeof value !== 'object' || value === null || indent.length + line.length <= LINE_CHARACTERS) return line;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.every((one) => typeof one !== 'object' || one === null)) return line;
    return `[\n${value.map((one) => inner + layOut(one, inner)).join(',\n')}\n${indent}]`;
  }
  const entries = Object.entries(value).map(([key, one]) => `${inner}${JSON.stringify(key)}: ${layOut(one, inner)}`);
  return `{\n${entries.join(',\n')}\n${indent}}`;
}

function onOneLine(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(onOneLine).join(', ')}]`;
  const entries = Object.entries(value);
  return entries.length === 0 ? '{}' : `{ ${entries.map(([key, one]) => `${JSON.stringify(key)}: ${onOneLine(one)}`).join(', ')} }`;
}
