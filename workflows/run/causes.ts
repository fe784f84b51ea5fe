/**
 * The causes of an error: Temporal wraps a failure once for each activity and workflow on its way.
 */

/** Returns an error and its causes, the innermost last. */
export function causesOf(error: unknown): readonly unknown[] {
  const causes = [error];
  for (let last = error; last instanceof Error && last.cause instanceof Error; last = last.cause)
    causes.push(last.cause);
  return causes;
}
