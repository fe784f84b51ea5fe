/**
 * Runs arms × seeds of one comparison, each a whole run of its own, a bounded number at once, and tabulates what they
 * reached.
 *
 * What a run has come to is looked for in the bucket before it is started, so a comparison that was killed, reset, or
 * lost with its Temporal server goes on when it is started again under its id: finished runs are not trained again, the
 * others go on from their last recorded round.
 */
import {
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  isCancellation,
  ParentClosePolicy,
  patched,
  setCurrentDetails,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { ComparisonRow, FoundRun, RunFolder } from '../../activities/contracts/comparison.ts';
import type { ResultSummary } from '../../activities/contracts/run.ts';
import { compareOnce } from './compare-once.ts';
import { comparisonText } from './comparison-text.ts';
import { comparisonQuery, MESSAGE_DESCRIPTIONS } from '../messages.ts';
import type { ComparisonProgress } from '../../activities/contracts/messages.ts';
import { algorithmOf, comparedRunId, RETRACE_SEED_OFFSET, retraceId, WORKFLOW_TYPES } from '../population/names.ts';
import { cancelledTogether, orchestration, planned, reasonOf, RESUMABLE_COMPARISON } from '../run/activities.ts';

/** As it was given: defaults are filled in by the run itself. */
type ComparedSpecification = Parameters<typeof algorithmOf>[0] & { readonly storage?: unknown };

/** One run to be had: an arm's specification with its seed. */
interface Job {
  readonly arm: string;
  readonly seed: number;
  readonly workflowId: string;
  readonly specification: ComparedSpecification;
}

/**
 * Runs them all and returns what they came to. Fails at once, non-retryable, on an invalid input ('InvalidComparison');
 * where runs fail ('RunsFailed') after the others are done, by name.
 */
export async function compare(input: unknown): Promise<ComparisonProgress> {
  if (!patched(RESUMABLE_COMPARISON)) return compareOnce(input);
  const { workflowId } = workflowInfo();
  const rows = new Map<Job, ComparisonRow>();
  const failures: string[] = [];
  const inTraining: string[] = [];
  let jobs: readonly Job[] = [];
  let told: Pick<ComparisonProgress, 'summary' | 'table'> = { summary: null, table: null };
  let tabulating: Promise<void> = Promise.resolve();
  setHandler(comparisonQuery, progress, { description: MESSAGE_DESCRIPTIONS.comparison });

  const plan = await planned(orchestration.planComparison({ input, workflowId }));
  jobs = Object.entries(plan.arms).flatMap(([arm, specification]) =>
    plan.seeds.map((seed) => ({
      arm,
      seed,
      workflowId: comparedRunId(workflowId, arm, seed),
      specification: { ...(specification as unknown as ComparedSpecification), seed },
    })),
  );
  setCurrentDetails(comparisonText(workflowId, progress()));

  let next = 0;
  const runners = Array.from({ length: plan.atOnce }, async () => {
    for (let job = jobs[next++]; job; job = jobs[next++]) await finishOrNote(job);
  });
  await cancelledTogether(Promise.all(runners), () => runners);
  if (failures.length > 0) throw runsFailed(workflowId, progress());
  return progress();

  /** A run that fails must not lose the others. */
  async function finishOrNote(job: Job): Promise<void> {
    try {
      await finish(job);
    } catch (error) {
      // A run that was cancelled alone failed; together with the comparison it did as it was told.
      if (isCancellation(error) && CancellationScope.current().consideredCancelled) throw error;
      failures.push(`${job.arm}, seed ${job.seed}: ${inItsWords(error)}`);
    }
    setCurrentDetails(comparisonText(workflowId, progress()));
  }

  async function finish(job: Job): Promise<void> {
    const found = await orchestration.findRun({ workflowId: job.workflowId, specification: job.specification });
    const run = found.state === 'finished' ? placeOf(found) : await inFlight(job.workflowId, train(job, found));
    await tabulate(job, run);
    if (plan.retrace) await tabulate(job, run, await inFlight(retraceId(job.workflowId), retraceOf(job, run)));
  }

  async function inFlight<T>(id: string, work: Promise<T>): Promise<T> {
    inTraining.push(id);
    setCurrentDetails(comparisonText(workflowId, progress()));
    try {
      return await work;
    } finally {
      inTraining.splice(inTraining.indexOf(id), 1);
    }
  }

  /** One after the other: each writes the whole table. */
  async function tabulate(job: Job, run: RunFolder, retrace?: RunFolder): Promise<void> {
    const turn = tabulating.then(async () => {
      const done = jobs.filter((one) => one === job || rows.has(one)).map(({ arm, seed }) => ({ arm, seed }));
      const described = { arm: job.arm, seed: job.seed, ...run, ...(retrace ? { retrace } : {}) };
      const { row, summary, key } = await orchestration.tabulate({ location: plan.location, run: described, done });
      rows.set(job, row);
      told = { summary, table: { bucket: plan.location.bucket, key } };
    });
    tabulating = turn.catch(() => undefined);
    await turn;
  }

  function progress(): ComparisonProgress {
    const running = jobs
      .flatMap((job) => [job.workflowId, retraceId(job.workflowId)])
      .filter((id) => inTraining.includes(id));
    return { runs: jobs.length, rows: jobs.flatMap((job) => rows.get(job) ?? []), ...told, running, failures };
  }
}

/** Trains a run to its end, from its last recorded round where there is one. */
async function train(
  { arm, seed, workflowId, specification }: Job,
  found: Exclude<FoundRun, { state: 'finished' }>,
): Promise<RunFolder> {
  const { storage } = specification;
  const input =
    found.state === 'recorded' ? { from: found.folder, ...(storage === undefined ? {} : { storage }) } : specification;
  return resultOf(WORKFLOW_TYPES[algorithmOf(specification)], {
    workflowId,
    args: [input],
    staticSummary: `${arm}, seed ${seed}`,
  });
}

/** Trains once more, alone and with another seed, along the schedule that a run found. */
async function retraceOf(job: Job, run: RunFolder): Promise<RunFolder> {
  const workflowId = retraceId(job.workflowId);
  const seed = job.seed + RETRACE_SEED_OFFSET;
  const found = await orchestration.findRetrace({ workflowId, run, seed });
  if (found.state === 'finished') return placeOf(found);
  const storage = { bucket: run.bucket };
  const input = found.state === 'recorded' ? { from: found.folder, storage } : { run: run.folder, seed, storage };
  return resultOf('retrace', {
    workflowId,
    args: [input],
    staticSummary: `${job.arm}, seed ${job.seed}, retraced with seed ${seed}`,
  });
}

async function resultOf(
  type: string,
  options: { readonly workflowId: string; readonly args: [unknown]; readonly staticSummary: string },
): Promise<RunFolder> {
  const child = await startChild<(input: unknown) => Promise<ResultSummary>>(type, {
    ...options,
    parentClosePolicy: ParentClosePolicy.TERMINATE,
  });
  const { storage, stoppedEarly } = await child.result();
  if (stoppedEarly)
    throw ApplicationFailure.nonRetryable(
      `it was stopped early in round ${stoppedEarly.round}: ${stoppedEarly.reason}`,
      'StoppedEarly',
    );
  return { bucket: storage.bucket, folder: storage.prefix.slice(0, -1) };
}

/** A run says itself what failed, and what of it; what lies beneath is for its own page. */
function inItsWords(error: unknown): string {
  return error instanceof ChildWorkflowFailure && error.cause instanceof ApplicationFailure
    ? error.cause.message
    : reasonOf(error);
}

function placeOf({ bucket, folder }: RunFolder): RunFolder {
  return { bucket, folder };
}

function runsFailed(workflowId: string, { runs, rows, failures, table }: ComparisonProgress): ApplicationFailure {
  const kept = table ? ` What the others reached is in s3://${table.bucket}/${table.key}.` : '';
  const advice = `Once that is mended, start it again under the same workflow id: its ${rows.length} finished runs are not trained again, the others go on from their last recorded round.`;
  const message = `Cannot finish comparison ${workflowId}: ${failures.length} of ${runs} runs failed.${kept} ${advice}\n${failures.join('\n')}`;
  return ApplicationFailure.create({ message, type: 'RunsFailed', nonRetryable: true, details: [failures] });
}
