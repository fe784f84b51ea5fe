/**
 * What an error says, in one line.
 */

/** Returns the first line of an error's message. */
export function firstLineOf(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line;
}
