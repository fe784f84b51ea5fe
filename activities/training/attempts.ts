/**
 * Attempts at an activity that trains: each tells the next, in its heartbeats, where it began and whether it came to an
 * end of its own, so that one whose trainer was killed is seen, by the server first, then by its successor, which
 * counts.
 *
 * A killed trainer looks like infrastructure, and is: machines go, and the next attempt goes on. But a task that kills
 * every trainer, because it takes too much memory or crashes in native code, would go on for ever: after a few deaths
 * in a row, all from the same step, the activity fails for good.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Context, type Info } from '@temporalio/activity';
import { trainingFailure } from './failures.ts';

/** What heartbeats tell of the attempt that they come from. */
export interface Attempt {
  /** Of the activity's attempts, from 1. */
  readonly number: number;
  readonly beganAtStep: number;
  /** Attempts in a row before this one that began at the same step and whose trainers died. */
  readonly deaths: number;
  /** It failed, was cancelled or was shut down: its trainer lived to say so. */
  readonly ended: boolean;
}

export interface Attempted<Progress> {
  /** Completes `Cannot …`. */
  readonly doing: string;
  readonly beginsAtStep: number;
  /** What heartbeats tell: the attempt and whatever else there is to say of it. */
  readonly tell: (attempt: Attempt) => Progress;
}

/**
 * Deaths in a row from one step after which an activity fails for good: more than trainers die by chance without
 * getting any further.
 */
export const MOST_DEATHS = 5;
const HEARTBEAT_MS = 1_000;

/**
 * Runs an attempt: heartbeats at once, every second, when `run` asks for it, and once more where it throws.
 *
 * @throws TrainerKilled, non-retryable, where the last MOST_DEATHS attempts began at the same step and their trainers
 *   died
 */
export async function attempted<T, Progress>(
  { doing, beginsAtStep, tell }: Attempted<Progress>,
  run: (heartbeat: () => void, attempt: Attempt) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  const { attempt: number } = context.info;
  let attempt: Attempt = {
    number,
    beganAtStep: beginsAtStep,
    deaths: deathsBefore(context.info, beginsAtStep),
    ended: false,
  };
  if (attempt.deaths >= MOST_DEATHS) throw trainerKilled(doing, attempt, context.info);
  const heartbeat = (): void => context.heartbeat(tell(attempt));
  heartbeat();
  // What comes next may kill the process: the heartbeat leaves before.
  await nextTurn();
  const timer = setInterval(heartbeat, HEARTBEAT_MS);
  try {
    return await run(heartbeat, attempt);
  } catch (error) {
    attempt = { ...attempt, ended: true };
    heartbeat();
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/**
 * Counts the attempts before this one, back to the last that began elsewhere or ended by itself; those that told
 * nothing died too early to.
 */
function deathsBefore({ attempt: number, heartbeatDetails }: Info, beganAtStep: number): number {
  const before = (heartbeatDetails as { readonly attempt?: Attempt } | undefined)?.attempt;
  if (!before) return number - 1;
  // An operator reset the activity.
  if (before.number >= number) return 0;
  const silent = number - before.number - 1;
  return before.ended || before.beganAtStep !== beganAtStep ? silent : before.deaths + 1 + silent;
}

function trainerKilled(
  doing: string,
  { beganAtStep, deaths }: Attempt,
  { heartbeatDetails, heartbeatTimeoutMs = 0 }: Info,
): Error {
  const reached = (heartbeatDetails as { readonly step?: number } | undefined)?.step;
  const where = reached === undefined || reached === beganAtStep ? '' : `, the last at step ${reached} or later`;
  const state =
    `${deaths} trainers in a row were killed, or gave no sign of life for ${heartbeatTimeoutMs / 1000} ` + `s${where}`;
  return trainingFailure(
    'TrainerKilled',
    `Cannot ${doing}: ${state}; look in their logs and the kernel's for what kills them, such as too little ` +
      'memory or a crash in native code',
  );
}
