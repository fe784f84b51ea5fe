/**
 * Runs the arms × seeds of a comparison, each as a separate run and a bounded number at a time, and tabulates their
 * results.
 *
 * Before it starts a run, the comparison looks for the run in the bucket. So a comparison that was killed, reset, or
 * lost with its Temporal server can be started again under its id: it does not train finished runs again, and it
 * resumes the others from their last recorded round.
 */
import {
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  log,
  ParentClosePolicy,
  setCurrentDetails,
  setDefaultSignalHandler,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { ComparisonPlan, ComparisonRow, FoundRun } from '../../activities/contracts/comparison.ts';
import type { RunFolder } from '../../activities/contracts/checkpoint.ts';
import type { ResultSummary } from '../../activities/contracts/result.ts';
import { comparisonText } from './comparison-text.ts';
import { failureMessage, runsFailed } from './failures.ts';
import { comparisonQuery, MESSAGE_DESCRIPTIONS } from '../messages.ts';
import type { ComparisonProgress } from '../../activities/contracts/messages.ts';
import type { AnsweredRequest } from '../../activities/contracts/task.ts';
import { inParallel } from '../population/in-parallel.ts';
import { algorithmOf, comparedRunId, RETRACE_SEED_OFFSET, retraceId, WORKFLOW_TYPES } from '../population/names.ts';
import { descriptionsPerSummary } from '../population/summarising.ts';
import { describeTask } from '../run/describing.ts';
import { awaitAllOnCancel, housekeeping, orchestration, passOnFailure, reasonOf } from '../run/activities.ts';
import { refuseCron } from '../run/unknown-type.ts';

/** The specification of an arm without defaults: the run itself fills them in. */
type ComparedSpecification = Parameters<typeof algorithmOf>[0] & {
  readonly storage?: unknown;
  readonly trainers?: unknown;
};

/** Number of signals to the comparison that are shown. */
const SHOWN_IGNORED = 5;

/** One run of the comparison: an arm's specification with a seed. */
interface Job {
  readonly arm: string;
  readonly seed: number;
  readonly workflowId: string;
  readonly specification: ComparedSpecification;
  /** What trainers say of its task. */
  readonly answered: AnsweredRequest | null;
}

/** What trainers say of the tasks, by arm. */
type Answers = ReadonlyMap<string, AnsweredRequest>;

/**
 * Runs all runs and returns their results.
 *
 * @throws ApplicationFailure of type 'InvalidComparison', not retryable, at once if the input is invalid; of type
 *   'RunsFailed' after the end of the others if runs failed
 */
export async function compare(input: unknown): Promise<ComparisonProgress> {
  refuseCron();
  const { workflowId } = workflowInfo();
  const comparison = new Comparison(workflowId);
  const { plan, answers } = await passOnFailure(comparison.plan(input));
  await comparison.run(plan, answers);
  await comparison.report(plan);
  if (comparison.progress().failures.length > 0) throw runsFailed(workflowId, comparison.progress());
  return comparison.progress();
}

class Comparison {
  readonly #workflowId: string;
  readonly #failures: string[] = [];
  #ignored: readonly string[] = [];
  readonly #inTraining: string[] = [];
  #jobs: readonly Job[] = [];
  #rows: readonly { readonly job: Job; readonly row: ComparisonRow }[] = [];
  #summary: ComparisonProgress['summary'] = null;
  #table: ComparisonProgress['table'] = null;
  /** Number of descriptions that the summary does not know. */
  #unsummarised = 0;
  #tabulating: Promise<void> = Promise.resolve();
  #report: ComparisonProgress['report'] = null;
  #notice: string | null = null;

  constructor(workflowId: string) {
    this.#workflowId = workflowId;
    setHandler(comparisonQuery, () => this.progress(), { description: MESSAGE_DESCRIPTIONS.comparison });
    setDefaultSignalHandler((signalName) => this.#ignore(signalName));
  }

  /** Plans the comparison with what trainers say of the tasks of its arms, each asked once. */
  async plan(input: unknown): Promise<{ readonly plan: ComparisonPlan; readonly answers: Answers }> {
    const byQuestion = new Map<string, AnsweredRequest>();
    const answers = new Map<string, AnsweredRequest>();
    for (const { arm, ...question } of await orchestration.findQuestions({ input })) {
      const key = JSON.stringify(question);
      const answered = byQuestion.get(key) ?? (await describeTask(question, (notice) => this.#wait(notice)));
      byQuestion.set(key, answered);
      answers.set(arm, answered);
    }
    const answered = [...byQuestion.values()];
    const plan = await orchestration.planComparison({ input, workflowId: this.#workflowId, answered });
    return { plan, answers };
  }

  /** Finishes all runs of the plan, a bounded number at a time. */
  async run(plan: ComparisonPlan, answers: Answers): Promise<void> {
    this.#jobs = jobsOf(this.#workflowId, plan, answers);
    this.#show();
    const begun: Promise<void>[] = [];
    const all = inParallel(plan.atOnce, this.#jobs, (job) => {
      const finished = this.#finishOrNote(plan, job);
      begun.push(finished);
      return finished;
    });
    await awaitAllOnCancel(all, () => begun);
  }

  /** Writes the report for people. The table has everything, so its failure is shown and nothing else. */
  async report({ location }: ComparisonPlan): Promise<void> {
    if (this.#rows.length === 0) return;
    try {
      if (this.#unsummarised > 0) await this.#summarise(location);
      const { key } = await housekeeping.writeComparisonReport({ location });
      this.#report = { bucket: location.bucket, key };
    } catch (error) {
      if (isCancellation(error)) throw error;
      this.#notice = `Cannot write the report: ${reasonOf(error)}`;
    }
    this.#show();
  }

  progress(): ComparisonProgress {
    const running = this.#jobs
      .flatMap((job) => [job.workflowId, retraceId(job.workflowId)])
      .filter((id) => this.#inTraining.includes(id));
    const rows = this.#jobs.flatMap((job) => this.#rowOf(job) ?? []);
    const told = {
      ...{ failures: this.#failures, ignored: this.#ignored, notice: this.#notice },
      report: this.#report,
    };
    return { runs: this.#jobs.length, rows, summary: this.#summary, table: this.#table, running, ...told };
  }

  #ignore(signalName: string): void {
    const ignored = `${signalName}: a comparison takes no signals, send it to one of its runs`;
    log.warn(`Ignored signal ${ignored}`);
    this.#ignored = [ignored, ...this.#ignored].slice(0, SHOWN_IGNORED);
    this.#show();
  }

  /** Notes the failure of a run, so that the others continue. */
  async #finishOrNote(plan: ComparisonPlan, job: Job): Promise<void> {
    try {
      await this.#finish(plan, job);
    } catch (error) {
      // A run that was cancelled alone has failed. A run that was cancelled with the comparison has not.
      if (isCancellation(error) && CancellationScope.current().consideredCancelled) throw error;
      this.#failures.push(`${job.arm}, seed ${job.seed}: ${failureMessage(error)}`);
    }
    this.#show();
  }

  async #finish(plan: ComparisonPlan, job: Job): Promise<void> {
    const { workflowId, specification, answered } = job;
    const found = await orchestration.findRun({ workflowId, specification, answered });
    const run = found.state === 'finished' ? placeOf(found) : await this.#inFlight(job.workflowId, train(job, found));
    await this.#tabulate(plan, job, run);
    if (!plan.retrace) return;
    const retrace = await this.#inFlight(retraceId(job.workflowId), retraceOf(job, run));
    await this.#tabulate(plan, job, run, retrace);
  }

  async #inFlight<T>(id: string, work: Promise<T>): Promise<T> {
    this.#inTraining.push(id);
    this.#show();
    try {
      return await work;
    } finally {
      this.#inTraining.splice(this.#inTraining.indexOf(id), 1);
    }
  }

  /** Describes runs one after the other, because each description writes the whole table. */
  async #tabulate(plan: ComparisonPlan, job: Job, run: RunFolder, retrace?: RunFolder): Promise<void> {
    const { location } = plan;
    const every = descriptionsPerSummary(this.#jobs.length * (plan.retrace ? 2 : 1));
    const turn = this.#tabulating.then(async () => {
      const done = this.#jobs.map((one) => (one === job || this.#rowOf(one) !== undefined ? '1' : '0')).join('');
      const described = { arm: job.arm, seed: job.seed, ...run, ...(retrace ? { retrace } : {}) };
      const { row, key } = await orchestration.tabulate({ location, run: described, done });
      this.#rows = [...this.#rows.filter((one) => one.job !== job), { job, row }];
      this.#table = { bucket: location.bucket, key };
      this.#unsummarised += 1;
      if (this.#unsummarised >= every) await this.#summarise(location);
    });
    this.#tabulating = turn.catch(() => undefined);
    await turn;
  }

  async #summarise(location: RunFolder): Promise<void> {
    this.#summary = await orchestration.summarise({ location });
    this.#unsummarised = 0;
  }

  #rowOf(job: Job): ComparisonRow | undefined {
    return this.#rows.find((one) => one.job === job)?.row;
  }

  /** Takes note of what planning waits for; null: nothing. */
  #wait(notice: string | null): void {
    if (notice === this.#notice) return;
    this.#notice = notice;
    this.#show();
  }

  #show(): void {
    setCurrentDetails(comparisonText(this.#workflowId, this.progress()));
  }
}

/** Returns every arm with every seed, in order. */
function jobsOf(workflowId: string, { arms, seeds }: ComparisonPlan, answers: Answers): readonly Job[] {
  return Object.entries(arms).flatMap(([arm, specification]) =>
    seeds.map((seed) => ({
      answered: answers.get(arm) ?? null,
      arm,
      seed,
      workflowId: comparedRunId(workflowId, arm, seed),
      specification: { ...(specification as unknown as ComparedSpecification), seed },
    })),
  );
}

/** Trains a run to its end. Resumes it from its last recorded round if there is one. */
async function train(
  { arm, seed, workflowId, specification }: Job,
  found: Exclude<FoundRun, { state: 'finished' }>,
): Promise<RunFolder> {
  const { storage } = specification;
  const given = { ...(storage === undefined ? {} : { storage }), ...trainersOf(specification) };
  const input = found.state === 'recorded' ? { from: found.folder, ...given } : specification;
  return resultOf(WORKFLOW_TYPES[algorithmOf(specification)], {
    workflowId,
    args: [input],
    staticSummary: `${arm}, seed ${seed}`,
  });
}

/** Retraces a run: one member trains the schedule that the run found, with another seed. */
async function retraceOf(job: Job, run: RunFolder): Promise<RunFolder> {
  const workflowId = retraceId(job.workflowId);
  const seed = job.seed + RETRACE_SEED_OFFSET;
  const found = await orchestration.findRetrace({ workflowId, run, seed });
  if (found.state === 'finished') return placeOf(found);
  const given = { storage: { bucket: run.bucket }, ...trainersOf(job.specification) };
  const input = found.state === 'recorded' ? { from: found.folder, ...given } : { run: run.folder, seed, ...given };
  return resultOf('retrace', {
    workflowId,
    args: [input],
    staticSummary: `${job.arm}, seed ${job.seed}, retraced with seed ${seed}`,
  });
}

function trainersOf({ trainers }: ComparedSpecification): Pick<ComparedSpecification, 'trainers'> {
  return trainers === undefined ? {} : { trainers };
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
  return storage;
}

function placeOf({ bucket, folder }: RunFolder): RunFolder {
  return { bucket, folder };
}
