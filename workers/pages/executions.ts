/**
 * Reads from Temporal which runs and comparisons there are, and how they stand.
 */
import { isGrpcDeadlineError, WorkflowFailedError } from '@temporalio/client';
import type { Client, WorkflowExecutionInfo, WorkflowExecutionStatusName } from '@temporalio/client';
import type { QueryDefinition } from '@temporalio/common';
import { found } from '../../activities/operations/executions.ts';
import type { ResultSummary } from '../../activities/contracts/result.ts';
import type { ComparisonProgress } from '../../activities/contracts/messages.ts';
import { folderName, runFolder } from '../../activities/storage/layout.ts';
import { LruCache } from '../../workflows/algorithm/lru-cache.ts';
import { comparisonQuery, progressQuery } from '../../workflows/messages.ts';
import { formatCount, shortScore } from '../../workflows/population/figures.ts';
import { inParallel } from '../../workflows/population/in-parallel.ts';
import { WORKFLOW_TYPES } from '../../workflows/population/names.ts';
import { causesOf } from '../../workflows/run/causes.ts';
import { BEST_SCORE, ROUND } from '../../workflows/run/search-attributes.ts';
import { reasonOf } from '../processes/user-error.ts';
import { reasonOfFailure } from '../processes/watch-workflow.ts';

/** Executions that are listed, the newest. */
export const MAX_LISTED = 500;
const AT_ONCE = 10;
const ANSWER_WITHIN_MS = 5_000;
/** A workflow whose orchestrator is gone does not answer, but Temporal does. */
const QUERY_WITHIN_MS = 2_000;
/** Executions that have ended, and first run ids, which never change. */
const MAX_KNOWN = 5_000;

const TYPES = [...Object.values(WORKFLOW_TYPES), 'compare'];
const LIST = `WorkflowType IN (${TYPES.map((type) => `"${type}"`).join(', ')})`;

/** How a run or a comparison stands. */
export interface Standing {
  /** `running`, `holding`, `paused`, …, or how it ended. */
  readonly state: string;
  readonly isOver: boolean;
  /** Finished rounds of a run, or runs of a comparison; null: not known. */
  readonly done: number | null;
  readonly planned: number | null;
  /** `0.8784`, with the name of the arm if it is the best of a comparison; null: there is none yet. */
  readonly best: string | null;
  /** What a person should know: why it holds, is paused or failed. */
  readonly messages: readonly string[];
  /** Workflow ids of the runs that a comparison trains. */
  readonly training: readonly string[];
  /** Bucket of its records; null: not known. */
  readonly bucket: string | null;
}

/** A run or a comparison. */
export interface Started {
  readonly kind: 'run' | 'comparison';
  readonly workflowId: string;
  /** Its folder in the bucket. */
  readonly folder: string;
  /** Null: not known. */
  readonly startedAt: Date | null;
  readonly standing: Standing;
}

/** The error that Temporal could not be asked, with the reason. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

export class Executions {
  readonly #client: Client;
  readonly #firstRunIds = new LruCache<string, string>(MAX_KNOWN);
  readonly #ended = new LruCache<string, Standing>(MAX_KNOWN);

  constructor(client: Client) {
    this.#client = client;
  }

  /**
   * Returns the newest runs and comparisons, the newest first; of one that was reset, the newest generation.
   *
   * @throws NoAnswer if Temporal cannot be asked
   */
  async list(): Promise<readonly Started[]> {
    return this.#ask(async () => {
      const executions: WorkflowExecutionInfo[] = [];
      for await (const execution of this.#client.workflow.list({ query: LIST })) {
        executions.push(execution);
        if (executions.length === MAX_LISTED) break;
      }
      const all = await inParallel(AT_ONCE, executions, async (execution) => ({
        execution,
        folder: await this.#folderOf(execution),
      }));
      all.sort((a, b) => b.execution.startTime.getTime() - a.execution.startTime.getTime());
      const folders = all.map(({ folder }) => folder);
      const newest = all.filter(({ folder }, index) => folders.indexOf(folder) === index);
      return inParallel(AT_ONCE, newest, async ({ execution, folder }) => ({
        kind: isComparison(execution) ? 'comparison' : 'run',
        workflowId: execution.workflowId,
        folder,
        startedAt: execution.startTime,
        standing: await this.#standingOf(execution),
      }));
    });
  }

  /**
   * Returns how the run or comparison in a folder stands; undefined if Temporal does not know it.
   *
   * @throws NoAnswer if Temporal cannot be asked
   */
  async standing(workflowId: string, folder: string): Promise<Standing | undefined> {
    return this.#ask(async () => {
      const newest = await found(this.#client.workflow.getHandle(workflowId).describe());
      if (newest === undefined || !TYPES.includes(newest.type)) return undefined;
      if ((await this.#folderOf(newest)) === folder) return this.#standingOf(newest);
      // A later run has the workflow id now.
      const [, firstRunId] = folder.split('/');
      if (firstRunId === undefined) return undefined;
      const first = await found(this.#client.workflow.getHandle(workflowId, firstRunId).describe());
      return first && this.#standingOf(first);
    });
  }

  async #ask<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await this.#client.withDeadline(Date.now() + ANSWER_WITHIN_MS, ask);
    } catch (error) {
      const why = causesOf(error).some(isGrpcDeadlineError)
        ? `no answer within ${ANSWER_WITHIN_MS / 1000} s`
        : reasonOf(error).replace(/\.? ?Resolution note:.*$/, '');
      throw new NoAnswer(`Temporal does not answer: ${why}`, { cause: error });
    }
  }

  /** Resets keep the first run id, with which the folder of a run is named. */
  async #folderOf(execution: Described): Promise<string> {
    const { workflowId, runId } = execution;
    if (isComparison(execution)) return folderName(workflowId);
    const known = this.#firstRunIds.get(runId);
    if (known !== undefined) return runFolder(workflowId, known);
    const { raw } = await this.#client.workflow.getHandle(workflowId, runId).describe();
    const first = raw.workflowExecutionInfo?.firstRunId || runId;
    this.#firstRunIds.set(runId, first);
    return runFolder(workflowId, first);
  }

  async #standingOf(execution: Described): Promise<Standing> {
    const known = this.#ended.get(execution.runId);
    if (known) return known;
    const status = execution.status.name;
    if (status === 'RUNNING')
      return isComparison(execution) ? this.#comparing(execution.workflowId) : this.#training(execution.workflowId);
    const standing = await this.#endOf(execution, status);
    this.#ended.set(execution.runId, standing);
    return standing;
  }

  async #training(workflowId: string): Promise<Standing> {
    const progress = await this.#query(workflowId, progressQuery);
    if (progress === undefined) return SILENT;
    const { status, round, rounds, bestScore, holds, notice, plan } = progress;
    return {
      ...{ state: status, isOver: false, done: round, planned: rounds, training: [] },
      best: bestScore === null ? null : shortScore(bestScore),
      messages: [...(notice === null ? [] : [notice]), ...holds],
      bucket: plan?.specification.storage.bucket ?? null,
    };
  }

  async #comparing(workflowId: string): Promise<Standing> {
    const progress = await this.#query(workflowId, comparisonQuery);
    return progress === undefined ? SILENT : compared(progress, 'running');
  }

  /** There is no answer before a workflow's first task, or while no orchestrator runs. */
  async #query<Answer>(workflowId: string, query: QueryDefinition<Answer, []>): Promise<Answer | undefined> {
    const asking = (): Promise<Answer> => this.#client.workflow.getHandle(workflowId).query(query);
    return this.#client.withDeadline(Date.now() + QUERY_WITHIN_MS, asking).catch(() => undefined);
  }

  async #endOf({ workflowId, runId, ...execution }: Described, status: WorkflowExecutionStatusName): Promise<Standing> {
    const handle = this.#client.workflow.getHandle(workflowId, runId, { followRuns: false });
    if (status === 'COMPLETED') {
      const result: unknown = await handle.result();
      return isComparison(execution)
        ? compared(result as ComparisonProgress, 'finished')
        : finished(result as ResultSummary);
    }
    const failure = await handle.result().then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof WorkflowFailedError) return error;
        throw error;
      },
    );
    const best = execution.typedSearchAttributes.get(BEST_SCORE);
    return {
      ...UNKNOWN,
      done: execution.typedSearchAttributes.get(ROUND) ?? null,
      best: best === undefined ? null : shortScore(best),
      state: status.toLowerCase().replaceAll('_', ' '),
      isOver: true,
      messages: status === 'FAILED' && failure ? [reasonOfFailure(failure)] : [],
    };
  }
}

/** What a list and a description have in common. */
type Described = Pick<WorkflowExecutionInfo, 'workflowId' | 'runId' | 'type' | 'status' | 'typedSearchAttributes'>;

const UNKNOWN = { done: null, planned: null, best: null, messages: [], training: [], bucket: null } as const;

const SILENT: Standing = {
  ...UNKNOWN,
  state: 'waiting',
  isOver: false,
  messages: ['No orchestrator answers for it.'],
};

function isComparison({ type }: Pick<WorkflowExecutionInfo, 'type'>): boolean {
  return type === 'compare';
}

function finished({ rounds, winner, stoppedEarly, storage }: ResultSummary): Standing {
  return {
    ...{ state: 'finished', isOver: true, done: rounds, planned: rounds, training: [], bucket: storage.bucket },
    best: shortScore(winner.objective),
    messages: stoppedEarly ? [`Stopped early in round ${stoppedEarly.round}: ${stoppedEarly.reason}`] : [],
  };
}

function compared(progress: ComparisonProgress, state: string): Standing {
  const { runs, rows, running, failures, notice, summary, table } = progress;
  return {
    ...{ state, isOver: state === 'finished', done: rows.length, planned: runs, training: running },
    best: bestArm(summary),
    messages: [
      ...(notice === null ? [] : [notice]),
      ...failures.map((failure) => `Failed: ${failure}`),
      ...(runs > 0 && rows.length === 0 && state === 'running' ? [`None of ${formatCount(runs, 'run')} is done.`] : []),
    ],
    bucket: table?.bucket ?? null,
  };
}

/** Returns the arm with the best mean test score, and that score; null: no run has a finite one. */
export function bestArm(summary: RankedArms | null): string | null {
  const [best] = (summary?.arms ?? [])
    .flatMap(({ arm, testScore: { scores } }) => (scores ? [{ arm, mean: scores.mean }] : []))
    .sort((a, b) => b.mean - a.mean);
  return best ? `${best.arm} ${shortScore(best.mean)}` : null;
}

/** The part of a comparison's summary that ranks its arms. */
interface RankedArms {
  readonly arms: readonly {
    readonly arm: string;
    readonly testScore: { readonly scores: { readonly mean: number } | null };
  }[];
}
