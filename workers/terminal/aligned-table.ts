/**
 * Tables for eyes: columns of equal width, numbers to the right.
 */

/** Looks like a number, or has nothing to say. */
const NUMERIC = /^(?:[−+-]?[\d.,]+(?: ?%| [kMG]?B)?|–)$/;

/** Returns a table with a line under its head. */
export function alignedTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = widthsOf([head, ...rows]);
  const rule = widths.map((width) => '─'.repeat(width)).join('──');
  return [alignRow(head, widths, rows), rule, ...rows.map((row) => alignRow(row, widths, rows))].join('\n');
}

/** Returns rows without a head as lines. */
export function alignedRows(rows: readonly (readonly string[])[]): string[] {
  const widths = widthsOf(rows);
  return rows.map((row) => alignRow(row, widths, rows));
}

function widthsOf(rows: readonly (readonly string[])[]): number[] {
  const columns = Math.max(0, ...rows.map(({ length }) => length));
  return Array.from({ length: columns }, (_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
}

/** A column is one of numbers if all its cells in `rows` are. */
function alignRow(row: readonly string[], widths: readonly number[], rows: readonly (readonly string[])[]): string {
  return widths
    .map((width, column) => {
      const isNumeric = rows.every((one) => NUMERIC.test(one[column] ?? '–'));
      const cell = row[column] ?? '';
      return isNumeric ? cell.padStart(width) : cell.padEnd(width);
    })
    .join('  ')
    .trimEnd();
}
