/**
 * Waiting for what other processes do, without guessing how long it takes.
 */
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Resolves as soon as the condition holds; asked again every `intervalMs`; fails with its text when it does not hold
 * within `timeoutMs`.
 */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 20_000,
  intervalMs = 10,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Expected within ${timeoutMs} ms: ${condition.toString()}`);
    await delay(intervalMs);
  }
}
