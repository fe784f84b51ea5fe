/**
 * Bounded concurrency with plain promises, for activities and workflows.
 */

/**
 * Does the work for every item, at most `limit` at a time, and returns the results in the order of the items. Starts no
 * further item after a failure.
 *
 * @throws the first error that the work throws
 */
export async function inParallel<Item, Result>(
  limit: number,
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const waiting = [...items.entries()].reverse();
  const results: Result[] = [];
  const runners = Array.from({ length: Math.min(limit, items.length) }, async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [index, item] = next;
      try {
        results[index] = await work(item, index);
      } catch (error) {
        waiting.length = 0;
        throw error;
      }
    }
  });
  await Promise.all(runners);
  return results;
}
