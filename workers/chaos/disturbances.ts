/**
 * What disturbs a run: parts of the stack are killed at random moments.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { randomStream } from '../../workflows/algorithm/index.ts';
import { UserError } from '../processes/user-error.ts';
import type { LocalStack } from '../stack/local-stack.ts';

/** Disturbs a run as long as `isRunning` returns true, calls `log` with each disturbance, and returns a summary. */
export type Disturbance = (isRunning: () => boolean, log: (line: string) => void) => Promise<string>;

export interface Kills {
  readonly kills: number;
  /** Average time between two. */
  readonly everySeconds: number;
  readonly seed: number;
}

/** Kills running parts of the stack with SIGKILL. @throws UserError if the run ends before all kills */
export function kill(stack: LocalStack, { kills, everySeconds, seed }: Kills): Disturbance {
  return async (isRunning, log) => {
    const random = randomStream(seed, 'chaos');
    const killed = new Map<string, number>();
    for (let number = 1; number <= kills;) {
      await delay(1000 * everySeconds * (0.25 + 1.5 * random.next()));
      const up = stack.parts.filter((part) => stack.processId(part) !== undefined);
      const victim = up[random.integer(Math.max(1, up.length))];
      if (!isRunning())
        throw new UserError(
          `The run ended after ${number - 1} of ${kills} kills: specify more \`steps\`, or a shorter time with --every`,
        );
      // All parts are down: nothing can be killed yet.
      if (victim === undefined) continue;
      log(`kill ${number} of ${kills}: kill -9 ${victim}`);
      stack.kill(victim);
      number += 1;
      killed.set(victim, (killed.get(victim) ?? 0) + 1);
    }
    return `${kills} kills: ${[...killed]
      .map(([part, count]) => `${part} ${count}`)
      .sort()
      .join(', ')}`;
  };
}
