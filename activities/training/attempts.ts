/**
 * Attempts at an activity that trains. The heartbeats of each say at which step it began and whether it ended by
 * itself, so that the next attempt can count the trainers that died: those that were killed, and those whose computing
 * process was.
 *
 * A killed trainer is usually an infrastructure failure, and the next attempt continues. But a task that kills every
 * trainer, because it takes too much memory or crashes in native code, would be retried for ever. After a few deaths in
 * a row from the same step, the activity fails for good.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Context, type Info } from '@temporalio/activity';
import { ComputingEnded } from './computer.ts';
import { computingEnded, trainingFailure } from './failures.ts';

/** What heartbeats say of the attempt that they come from. */
export interface Attempt {
  /** Of the activity's attempts, from 1. */
  readonly number: number;
  readonly beganAtStep: number;
  /** Attempts in a row before this one that began at the same step and whose trainers died. */
  readonly deaths: number;
  /** It failed, was cancelled or was shut down, and its trainer reported this. */
  readonly ended: boolean;
  /** How its computing process died, if it did: completes `its computing process …`. */
  readonly death: string | null;
}

export interface Attempted<Progress> {
  /** Completes `Cannot …`. */
  readonly doing: string;
  readonly beginsAtStep: number;
  /** Returns the details of a heartbeat. */
  readonly describe: (attempt: Attempt) => Progress;
}

/**
 * Deaths in a row from one step after which an activity fails for good: more than happen by chance without any
 * progress.
 */
export const MOST_DEATHS = 5;
/** Between two heartbeats. */
export const HEARTBEAT_MS = 1_000;

/**
 * Runs an attempt. It heartbeats at once, every second, when `run` requests it, and once more if `run` throws.
 *
 * @throws ComputingEnded, retryable, if the process that computes died
 * @throws TrainerKilled, non-retryable, if the last MOST_DEATHS attempts began at the same step and their trainers
 *   died
 */
export async function attempted<T, Progress>(
  { doing, beginsAtStep, describe }: Attempted<Progress>,
  run: (heartbeat: () => void, attempt: Attempt) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  const { attempt: number } = context.info;
  let attempt: Attempt = {
    number,
    beganAtStep: beginsAtStep,
    deaths: deathsBefore(context.info, beginsAtStep),
    ended: false,
    death: null,
  };
  if (attempt.deaths >= MOST_DEATHS) throw trainerKilled(doing, attempt, context.info);
  const heartbeat = (): void => context.heartbeat(describe(attempt));
  heartbeat();
  // What comes next may kill the process; the heartbeat is sent before.
  await nextTurn();
  const timer = setInterval(heartbeat, HEARTBEAT_MS);
  try {
    return await run(heartbeat, attempt);
  } catch (error) {
    const died = error instanceof ComputingEnded;
    attempt = { ...attempt, ended: !died, death: died ? error.how : null };
    heartbeat();
    throw died ? computingEnded(doing, error) : error;
  } finally {
    clearInterval(timer);
  }
}

/**
 * Counts the deaths before this attempt, back to the last attempt that began elsewhere or ended by itself. Attempts
 * without a heartbeat count as deaths.
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
  const left = heartbeatDetails as { readonly step?: number; readonly attempt?: Attempt } | undefined;
  const reached = left?.step;
  const where = reached === undefined || reached === beganAtStep ? '' : `, the last at step ${reached} or later`;
  const seconds = heartbeatTimeoutMs / 1000;
  const death = left?.attempt?.death ?? null;
  const how = death === null ? '' : `; the computing process of the last ${death}`;
  const state = `${deaths} trainers in a row were killed, or sent no heartbeat for ${seconds} s${where}${how}`;
  return trainingFailure(
    'TrainerKilled',
    `Cannot ${doing}: ${state}; look in their logs and the kernel's for what kills them, such as too little ` +
      'memory or a crash in native code',
  );
}
