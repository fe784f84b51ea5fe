/**
 * Draws a progress bar.
 */

/** Lets the line of a run fit in 80 columns. */
const BAR_CELLS = 14;

/** Draws a progress bar for a share from 0 to 1. */
export function progressBar(share: number): string {
  const filled = Math.round(BAR_CELLS * Math.min(share, 1));
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_CELLS - filled)}]`;
}
