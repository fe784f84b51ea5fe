/**
 * CSV as spreadsheets and data frames read it (RFC 4180, but with \n at the end of a line).
 */

/** Returns lines of fields as text. Null and undefined are empty fields. */
export function toCsv(lines: readonly (readonly (string | number | null | undefined)[])[]): string {
  return lines.map((fields) => `${fields.map(quoteIfNeeded).join(',')}\n`).join('');
}

function quoteIfNeeded(value: string | number | null | undefined): string {
  const text = String(value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
