/**
 * Asks the trainers of a task queue, as workflows of a run do.
 */
import { randomUUID } from 'node:crypto';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import type { NativeConnection } from '@temporalio/worker';
import type { Client } from '@temporalio/client';
import { causesOf } from '../../workflows/run/causes.ts';
import { heartbeatDetailsOf } from '../processes/pending-activities.ts';
import { moduleFile } from '../processes/places.mjs';
import { TooShort } from './verdicts.ts';
import type { askTrainer, Question } from './ask-trainer.ts';

const WORKFLOW = moduleFile('workers/conformance/ask-trainer.ts');
/** An answer to a request that is no training. */
const PROMPT_MS = 120_000;
/** Without a heartbeat for so long, an attempt is lost: as in a run. */
const HEARTBEAT_MS = 6_000;
const POLL_MS = 100;
/** Values of `temporal.api.enums.v1.PendingActivityState`: started, or told to end or to pause. */
const WITH_A_WORKER: readonly number[] = [2, 3, 5];

/** One bundle serves all suites of a process. */
let bundle: ReturnType<typeof bundleWorkflowCode> | undefined;

/** How an activity failed. */
export interface Failure {
  readonly type: string;
  readonly message: string;
  readonly nonRetryable: boolean;
  readonly details: readonly unknown[];
}

export type Answer = { readonly result: unknown } | { readonly failure: Failure };

/** What Temporal knows of an activity that goes on. */
export interface Pending {
  readonly id: string;
  readonly attempt: number;
  readonly started: boolean;
  readonly details: unknown;
}

/** An activity that goes on. */
export interface Asked {
  readonly workflowId: string;
  readonly answer: () => Promise<Answer>;
  /** Undefined before it is scheduled; null if it is over. */
  readonly pending: () => Promise<Pending | undefined | null>;
  readonly cancel: () => Promise<void>;
  /** Pauses the activity; `resume` lets another attempt begin. */
  readonly pause: () => Promise<void>;
  readonly resume: () => Promise<void>;
}

export class TrainerUnderTest {
  readonly #client: Client;
  readonly #worker: Worker;
  readonly #running: Promise<void>;
  readonly #ownQueue: string;
  readonly #taskQueue: string;

  private constructor(client: Client, worker: Worker, ownQueue: string, taskQueue: string) {
    this.#client = client;
    this.#worker = worker;
    this.#running = worker.run();
    this.#ownQueue = ownQueue;
    this.#taskQueue = taskQueue;
  }

  /** Starts what asks the trainers of a task queue. */
  static async start(
    { client, connection, namespace }: { client: Client; connection: NativeConnection; namespace: string },
    taskQueue: string,
  ): Promise<TrainerUnderTest> {
    const ownQueue = `fire-pbt-conformance-${randomUUID()}`;
    bundle ??= bundleWorkflowCode({ workflowsPath: WORKFLOW, logger: new DefaultLogger('WARN') });
    const workflowBundle = await bundle;
    const worker = await Worker.create({ connection, namespace, taskQueue: ownQueue, workflowBundle });
    return new TrainerUnderTest(client, worker, ownQueue, taskQueue);
  }

  async stop(): Promise<void> {
    this.#worker.shutdown();
    await this.#running;
  }

  /** Asks once and waits for the answer. */
  async ask(activity: string, request: unknown): Promise<Answer> {
    return (await this.begin(activity, request)).answer();
  }

  /** Asks, and leaves the activity to go on. */
  async begin(activity: string, request: unknown, options: Partial<Question> = {}): Promise<Asked> {
    const question: Question = {
      taskQueue: this.#taskQueue,
      activity,
      request,
      attempts: 1,
      attemptMs: PROMPT_MS,
      heartbeatMs: HEARTBEAT_MS,
      ...options,
    };
    const handle = await this.#client.workflow.start<typeof askTrainer>('askTrainer', {
      taskQueue: this.#ownQueue,
      workflowId: `fire-pbt-conformance/${activity}/${randomUUID()}`,
      args: [question],
    });
    return this.#asked(handle);
  }

  #asked(handle: WorkflowHandle<typeof askTrainer>): Asked {
    const { workflowId } = handle;
    const service = this.#client.workflowService;
    const which = async () => {
      const pending = await this.#pending(handle);
      if (!pending) throw new TooShort('the round was over before it was paused');
      return { namespace: this.#client.options.namespace, execution: { workflowId }, id: pending.id };
    };
    return {
      workflowId,
      answer: () => answerOf(handle),
      pending: () => this.#pending(handle),
      cancel: async () => void (await handle.cancel()),
      pause: async () => {
        try {
          await service.pauseActivity(await which());
        } catch (error) {
          if ((await this.#pending(handle)) !== null) throw error;
          throw new TooShort('the round was over before it was paused');
        }
      },
      resume: async () => void (await service.unpauseActivity(await which())),
    };
  }

  async #pending(handle: WorkflowHandle): Promise<Pending | undefined | null> {
    const { raw, status } = await handle.describe();
    if (status.name !== 'RUNNING') return null;
    const [one] = raw.pendingActivities ?? [];
    if (!one) return undefined;
    return {
      id: one.activityId ?? '',
      attempt: one.attempt ?? 0,
      started: WITH_A_WORKER.includes(Number(one.state)),
      details: heartbeatDetailsOf(one),
    };
  }
}

/** Waits until the activity is as wanted and returns it; undefined if it ended or is not so in time. */
export async function waitFor(
  asked: Asked,
  wanted: (pending: Pending) => boolean,
  withinMs: number,
): Promise<Pending | undefined> {
  for (const until = performance.now() + withinMs; performance.now() < until;) {
    const pending = await asked.pending();
    if (pending === null) return undefined;
    if (pending && wanted(pending)) return pending;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return undefined;
}

async function answerOf(handle: WorkflowHandle<typeof askTrainer>): Promise<Answer> {
  try {
    return { result: await handle.result() };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const cause = causesOf(error).find((one) => one instanceof ApplicationFailure);
    if (cause)
      return {
        failure: {
          type: cause.type ?? '',
          message: cause.message,
          nonRetryable: cause.nonRetryable ?? false,
          details: cause.details ?? [],
        },
      };
    const last = causesOf(error).at(-1);
    return {
      failure: {
        type: last instanceof Error ? last.name : 'unknown',
        message: last instanceof Error ? last.message : String(last),
        nonRetryable: false,
        details: [],
      },
    };
  }
}
