/**
 * Waits for other processes, with a pause between two checks and a limit on the time.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';

/**
 * Resolves when the condition holds. Checks it every `intervalMs`.
 *
 * @throws Error with the condition's source if it does not hold within `timeoutMs`
 */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 20_000,
  intervalMs = 50,
): Promise<void> {
  await poll(condition, (holds) => holds, { timeoutMs, intervalMs, expectation: condition });
}

/**
 * Asks every `intervalMs` until the answer is enough, and returns the answer.
 *
 * @throws Error with the last answer if none is enough within `timeoutMs`
 */
export async function poll<Answer>(
  ask: () => Answer | Promise<Answer>,
  isEnough: (answer: Answer) => boolean,
  {
    timeoutMs = 120_000,
    intervalMs = 50,
    expectation = isEnough,
  }: {
    readonly timeoutMs?: number;
    readonly intervalMs?: number;
    /** The error quotes the source of this function. */
    readonly expectation?: (...args: never[]) => unknown;
  } = {},
): Promise<Answer> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (isEnough(answer)) return answer;
    if (Date.now() > deadline)
      throw new Error(`Expected within ${timeoutMs} ms: ${expectation.toString()}, got ${inspect(answer)}`);
    await delay(intervalMs);
  }
}
