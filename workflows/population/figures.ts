/**
 * Formats numbers for people: in the terminal, the Web UI and reports.
 */

/** Formats a number with three significant digits and no trailing zeros: 0.00312, 12.5, 1.2e-7. */
export function shortNumber(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** From this size on, one decimal of a score is enough: returns, say, but no accuracies. */
const LARGE_SCORE = 100;

/**
 * Formats a score with four decimals, a large one with one. Returns `diverged` unchanged, and a dash if there is no
 * score yet.
 */
export function shortScore(score: number | string | null | undefined): string {
  if (score === null || score === undefined) return '–';
  return typeof score === 'number' ? score.toFixed(Math.abs(score) < LARGE_SCORE ? 4 : 1) : score;
}

/** Formats bytes in decimal units: 408 kB, 35.9 MB. */
export function shortBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit += 1) value /= 1000;
  return `${unit === 0 ? value : shortNumber(value)} ${units[unit]}`;
}

/** Formats seconds as `45 s`, `3 min 20 s` or `2 h 5 min`. */
export function shortDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Formats a number with separators for thousands: 132,000. */
export function longNumber(value: number): string {
  const [whole = '', ...fraction] = String(value).split('.');
  return [whole.replaceAll(/\B(?=(\d{3})+$)/g, ','), ...fraction].join('.');
}

/** Formats a count with its noun: `1 round`, `30 rounds`. */
export function formatCount(count: number, singular: string, plural = `${singular}s`): string {
  return `${longNumber(count)} ${count === 1 ? singular : plural}`;
}
