/**
 * Numbers as people read them.
 */

/** So that a run's line fits 80 columns. */
const BAR_CELLS = 14;

/** Three significant digits, without trailing zeros: 0.00312, 12.5, 1.2e-7. */
export function shortNumber(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** A score with four decimals; `diverged` as it is, nothing yet as a dash. */
export function shortScore(score: number | string | null | undefined): string {
  if (score === null || score === undefined) return '–';
  return typeof score === 'number' ? score.toFixed(4) : score;
}

/** Bytes in kB, MB or GB of 1,000. */
export function shortBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit += 1) value /= 1000;
  return `${unit === 0 ? value : shortNumber(value)} ${units[unit]}`;
}

/** Seconds as `45 s`, `3 min 20 s` or `2 h 5 min`. */
export function shortDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Thousands separated: 132,000. */
export function longNumber(value: number): string {
  return value.toLocaleString('en-US');
}

/** A bar, as full as the share says. */
export function progressBar(share: number): string {
  const filled = Math.round(BAR_CELLS * Math.min(share, 1));
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_CELLS - filled)}]`;
}

/** `1 round`, `30 rounds`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${longNumber(count)} ${count === 1 ? one : many}`;
}
