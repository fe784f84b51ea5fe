/**
 * Explains why a run makes no progress although it has not failed: activities that are retried again and again, steps
 * that take long, trainers that are gone, or a server that does not answer.
 */
import { isGrpcDeadlineError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { causesOf } from '../../workflows/run/causes.ts';
import { onTrainers, pendingActivities, type PendingActivity } from './pending-activities.ts';
import { reasonOf } from './user-error.ts';
import { formatCount } from '../../workflows/population/figures.ts';

/** Activities that keep failing for the same reason. */
export interface RepeatedFailure {
  /** The message of the newest failures, without object keys: they differ although the reason is the same. */
  readonly message: string;
  /** Names of the activities, each once. */
  readonly activities: readonly string[];
  readonly pending: number;
  /** The largest number of attempts of one activity. */
  readonly attempts: number;
}

/** Attempts after which a failure counts as repeated. Fewer attempts also fail when a worker is killed. */
const REPEATED_ATTEMPTS = 3;
/** Without progress for so long, a trainer counts as slow. */
const SLOW_SECONDS = 10;
const PATIENCE_MS = 15_000;
const CHECK_INTERVAL_MS = 5_000;
/** The client would otherwise try for 20 s. */
const ANSWER_WITHIN_MS = 5_000;

/** Returns the repeated failures in a workflow and its children, the most frequent first. */
export async function findRepeatedFailures(client: Client, workflowId: string): Promise<RepeatedFailure[]> {
  return repeatedFailures(await pendingActivities(client, workflowId));
}

function repeatedFailures(pending: readonly PendingActivity[]): RepeatedFailure[] {
  const failures = new Map<string, { message: string; activities: string[]; pending: number; attempts: number }>();
  for (const { activity, failure: text = '', attempt } of pending.filter(failsRepeatedly)) {
    const message = text.replaceAll(/(s3:\/\/[^/\s]+)\/[^:\s]+/g, '$1/…');
    const failure = failures.get(message) ?? { message, activities: [], pending: 0, attempts: 0 };
    if (!failure.activities.includes(activity)) failure.activities.push(activity);
    failure.pending += 1;
    failure.attempts = Math.max(failure.attempts, attempt);
    failures.set(message, failure);
  }
  return [...failures.values()].sort((a, b) => b.pending - a.pending);
}

/**
 * Describes trainers if none makes progress: none works for the run, or all that do are slow. Returns undefined if one
 * makes progress, if the run waits for none, or if failures explain it.
 */
export function describeIdleTrainers(pending: readonly PendingActivity[]): string | undefined {
  const training = onTrainers(pending);
  const started = training.filter((one) => one.started);
  if (started.length === 0) return describeNoTrainer(training);
  const slow = started.flatMap(({ told, startedBy }) =>
    told !== undefined && told.forSeconds >= SLOW_SECONDS ? [{ ...told, startedBy }] : [],
  );
  const [slowest] = slow.sort((a, b) => b.forSeconds - a.forSeconds);
  if (slowest === undefined || slow.length < started.length) return undefined;
  const { worker = 'the report', step, doing, forSeconds, startedBy } = slowest;
  const after = step === undefined ? '' : ` after step ${step}`;
  return (
    `WAITING: no trainer has made progress for ${SLOW_SECONDS} s: ${worker} has been ${doing}${after} for ` +
    `${forSeconds} s on ${startedBy}, which is normal for a large network (a trainer that hangs is killed, see ` +
    '--hang-after)'
  );
}

function describeNoTrainer(training: readonly PendingActivity[]): string | undefined {
  if (training.length === 0 || training.some((one) => one.backsOff || failsRepeatedly(one))) return undefined;
  return (
    `WAITING: no trainer works on ${formatCount(training.length, 'activity', 'activities')}: none is running, or all ` +
    'work for other runs (the run continues when one is free)'
  );
}

function failsRepeatedly({ failure, attempt }: PendingActivity): boolean {
  return failure !== undefined && attempt >= REPEATED_ATTEMPTS;
}

/**
 * Describes a repeated failure, for example `WAITING: Cannot put s3://fire-pbt/…: the store does not answer
 * (ECONNREFUSED) (8 activities, train, up to 5 attempts; the run continues when this is over)`.
 */
export function formatRepeatedFailure({ message, activities, pending, attempts }: RepeatedFailure): string {
  return (
    `WAITING: ${message} (${formatCount(pending, 'activity', 'activities')}, ${activities.join(' and ')}, up to ` +
    `${attempts} attempts; the run continues when this is over)`
  );
}

/** Watches for a workflow that makes no progress, and prints each reason once until there is progress again. */
export class StandstillWatch {
  readonly #findReasons: () => Promise<readonly Reason[]>;
  readonly #say: (line: string) => void;
  readonly #patienceMs: number;
  readonly #timer: NodeJS.Timeout;
  readonly #reported = new Set<string>();
  /** Reasons that the last check found. */
  #suspected: readonly string[] = [];
  #position = '';
  #sinceMs = performance.now();
  #checking: Promise<void> | undefined;

  /** @param patienceMs how long the workflow may make no progress before the watch looks for a reason */
  constructor(client: Client, workflowId: string, say: (line: string) => void, patienceMs = PATIENCE_MS) {
    this.#findReasons = () => findReasons(client, workflowId);
    this.#say = say;
    this.#patienceMs = patienceMs;
    this.#timer = setInterval(() => this.#checkIfDue(), Math.min(CHECK_INTERVAL_MS, patienceMs));
  }

  /** Notes the workflow's position in any form. A new position counts as progress. */
  notePosition(position: string): void {
    if (position === this.#position) return;
    this.#position = position;
    this.#sinceMs = performance.now();
    this.#reported.clear();
  }

  /** Ends the watch and waits for its last check: nobody may ask through a connection that is closed meanwhile. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#checking;
  }

  #checkIfDue(): void {
    if (this.#checking || performance.now() - this.#sinceMs < this.#patienceMs) return;
    this.#checking = this.#check().finally(() => (this.#checking = undefined));
  }

  async #check(): Promise<void> {
    const before = this.#position;
    const found = await this.#findReasons();
    const lasting = found.filter(({ reason, mayPass }) => !mayPass || this.#suspected.includes(reason));
    this.#suspected = found.map(({ reason }) => reason);
    for (const { reason, line } of lasting) {
      if (before !== this.#position || this.#reported.has(reason)) continue;
      this.#reported.add(reason);
      this.#say(line);
    }
  }
}

/** A reason for a standstill. The line contains numbers that change from check to check, the reason does not. */
interface Reason {
  readonly reason: string;
  readonly line: string;
  /** Whether it may hold for a moment only, between two activities. It is printed if two checks in a row find it. */
  readonly mayPass: boolean;
}

async function findReasons(client: Client, workflowId: string): Promise<readonly Reason[]> {
  try {
    const deadline = Date.now() + ANSWER_WITHIN_MS;
    const pending = await client.withDeadline(deadline, () => pendingActivities(client, workflowId));
    const idle = describeIdleTrainers(pending);
    return [
      ...repeatedFailures(pending).map((failure) => ({
        reason: failure.message,
        line: formatRepeatedFailure(failure),
        mayPass: false,
      })),
      ...(idle === undefined ? [] : [{ reason: 'trainers', line: idle, mayPass: true }]),
    ];
  } catch (error) {
    const why = causesOf(error).some(isGrpcDeadlineError)
      ? `no answer within ${ANSWER_WITHIN_MS / 1000} s`
      : reasonOf(error).replace(/\.? ?Resolution note:.*$/, '');
    return [
      {
        reason: 'Temporal',
        line: `WAITING: Temporal does not answer: ${why} (the run continues when it answers again)`,
        mayPass: false,
      },
    ];
  }
}
