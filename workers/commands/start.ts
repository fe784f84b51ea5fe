/**
 * `npm start`: runs an experiment on the local stack and watches it to its end. The stack stores the run, so an
 * interruption loses nothing.
 */
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { ResultSummary } from '../../activities/contracts/result.ts';
import type { RunPlan } from '../../activities/contracts/run.ts';
import type { Comparison } from '../../activities/comparison/input.ts';
import { bucketOf } from '../../activities/runs/continuation.ts';
import { folderName, runFolder } from '../../activities/storage/layout.ts';
import { UNASKED } from '../../activities/specification/described-task.ts';
import { comparisonQuery, progressQuery } from '../../workflows/messages.ts';
import type { ComparisonProgress, RunProgress } from '../../activities/contracts/messages.ts';
import { addressOf } from '../pages/addresses.ts';
import { commandWith, parseIdentifier, readOptions } from '../processes/command-line.ts';
import { readExperiment } from '../processes/experiment.ts';
import type { Experiment } from '../processes/experiment.ts';
import { INTERRUPTED_EXIT_CODE, listenForInterruption } from '../processes/interruption.ts';
import { PACKAGE } from '../processes/places.mjs';
import { UserError, runProcess } from '../processes/user-error.ts';
import { joinStack } from '../stack/joining.ts';
import type { JoinedStack } from '../stack/joining.ts';
import type { StackRecord } from '../stack/running-stack.ts';
import { readStackOptions, STACK_OPTIONS, stackArguments, startArguments } from '../stack/options.ts';
import { submit } from '../processes/submission.ts';
import type { Submission } from '../processes/submission.ts';
import { connectClient } from '../processes/temporal-connection.ts';
import {
  comparisonBlock,
  comparisonLine,
  comparisonProgressLine,
  ComparisonWork,
  holdsOf,
  percent,
  formatComparison,
  formatComparisonCosts,
} from '../terminal/comparison-progress.ts';
import { formatCosts } from '../terminal/run-costs.ts';
import { progressBlock, progressLine, RoundClock } from '../terminal/run-progress.ts';
import { formatSummary, webPage, type SummaryPlaces } from '../terminal/run-summary.ts';
import { Notices } from '../terminal/notices.ts';
import { Screen } from '../terminal/screen.ts';
import { StandstillWatch } from '../processes/standstill.ts';
import { watchWorkflow } from '../processes/watch-workflow.ts';
import { HELP } from './help.mjs';

/** Progress of a comparison per printed line if the output is no terminal. */
const PERCENT_PER_LINE = 5;

await runProcess(async () => {
  const options = readOptions(
    {
      ...STACK_OPTIONS,
      'input-file': { type: 'string', default: join(PACKAGE, 'experiments', 'fashion-mnist.json') },
      'workflow-id': { type: 'string' },
    },
    HELP.start,
  );
  const experiment = readExperiment(options['input-file'], UNASKED);
  const workflowId = parseIdentifier('workflow-id', options['workflow-id']) ?? experiment.name;
  const interruption = listenForInterruption();
  const screen = new Screen();
  const stack = await joinStack(
    {
      ...readStackOptions(options),
      threads: experiment.threads,
      bucket: experiment.specifications[0]?.storage.bucket,
      say: (line) => screen.say(line),
    },
    interruption.first,
  );
  if (stack === undefined) return INTERRUPTED_EXIT_CODE;
  interruption.onSecond(() => void stack.leave());
  const again = commandWith('start', startArguments(process.argv.slice(2), options, stack.record));
  const stackCommand = commandWith('stack', stackArguments(options, stack.record));
  try {
    const { client, connection } = await connectClient(stack.environment);
    const used = { ...stack, stackCommand, directory: options.directory };
    const finished = await Promise.race([
      run(client, experiment, workflowId, used, screen),
      interruption.first.then(() => 'interrupted' as const),
      stack.gone.then(() => 'stack-gone' as const),
    ]);
    screen.leave();
    if (finished === 'interrupted') {
      screen.say(
        stack.startedHere
          ? `\n${workflowId} is saved. Resume it with\n  ${again}\nor, without watching it, with\n  ${stackCommand}`
          : `\n${workflowId} continues in the running stack. Watch it again with\n  ${again}`,
      );
      return INTERRUPTED_EXIT_CODE;
    }
    if (finished === 'stack-gone')
      throw new UserError(`The stack that ran ${workflowId} has ended. The run is saved: resume it with \`${again}\``);
    await connection.close();
    return 0;
  } finally {
    screen.leave();
    await stack.leave();
  }
});

/** The stack, and how commands after this one find what it stored. */
type UsedStack = JoinedStack & Pick<SummaryPlaces, 'stackCommand' | 'directory'>;

/** Starts or finds the workflow, shows its progress until it ends, and prints a summary. */
async function run(
  client: Client,
  experiment: Experiment,
  workflowId: string,
  stack: UsedStack,
  screen: Screen,
): Promise<void> {
  const submission = await submit(client, experiment, workflowId, stack.record.queue);
  screen.say(
    submission.reattached
      ? `${workflowId} is already running with its original input: watching it`
      : `Started ${workflowId}`,
  );
  if (stack.record.temporal.webUi !== null)
    screen.say(`Web UI     ${webPage(stack.record, workflowId, submission.runId)}`);
  screen.say(`Live page  ${livePage(stack.record, experiment, workflowId, submission)}`);
  const standstill = new StandstillWatch(client, workflowId, (line) => screen.say(line));
  try {
    await (experiment.comparison
      ? watchComparison(client, experiment.comparison, submission, stack, screen, standstill)
      : watchRun(submission, stack, screen, standstill));
  } finally {
    await standstill.stop();
  }
}

/** Returns the address of the page that follows a run or a comparison. */
function livePage(
  { pages }: StackRecord,
  { workflowType, specifications: [first], input }: Experiment,
  workflowId: string,
  { firstRunId }: Submission,
): string {
  const bucket = first?.storage.bucket ?? bucketOf(input as Readonly<Record<string, unknown>>);
  return workflowType === 'compare'
    ? `${pages}${addressOf('comparison', { bucket, folder: folderName(workflowId) })}`
    : `${pages}${addressOf('run', { bucket, folder: runFolder(workflowId, firstRunId) })}`;
}

async function watchRun(
  { handle }: Submission,
  stack: UsedStack,
  screen: Screen,
  standstill: StandstillWatch,
): Promise<void> {
  const clock = new RoundClock();
  const notices = new Notices(screen);
  let plan: RunPlan | undefined;
  let printedRound = -1;
  let printedHolds: readonly string[] = [];
  const result = await watchWorkflow<RunProgress, ResultSummary>(handle, progressQuery, (progress) => {
    const now = performance.now();
    standstill.notePosition(`${progress.status}, round ${progress.round}`);
    if (progress.plan === null) return notices.print(progress.notice);
    if (plan === undefined) screen.say(formatCosts(progress.plan));
    plan = progress.plan;
    if (progress.status !== 'planning') clock.note(progress.round, now);
    const left = clock.secondsLeft(progress.rounds, now);
    screen.show(progressBlock(progress, left, screen.columns));
    if (!screen.updates && progress.round > Math.max(printedRound, 0)) screen.say(progressLine(progress, left));
    printedRound = progress.round;
    const newHolds = progress.holds.filter((hold) => !printedHolds.includes(hold));
    if (!screen.updates) for (const hold of newHolds) screen.say(`HOLDING: ${hold}`);
    printedHolds = progress.holds;
  });
  screen.leave();
  plan ??= (await handle.query(progressQuery)).plan ?? undefined;
  if (plan === undefined) throw new Error(`${handle.workflowId} ended without a plan`);
  const { record, startedHere, stackCommand, directory } = stack;
  // A run that was reset has another run id than the one that was started.
  const { runId } = await handle.client.getHandle(handle.workflowId).describe();
  const places = { stack: record, runId, stackEnds: startedHere, stackCommand, directory };
  screen.say(`\n${formatSummary(result, plan.specification, places)}`);
}

async function watchComparison(
  client: Client,
  comparison: Comparison,
  { handle, reattached }: Submission,
  stack: UsedStack,
  screen: Screen,
  standstill: StandstillWatch,
): Promise<void> {
  const work = new ComparisonWork(comparison, handle.workflowId);
  if (!reattached) screen.say(formatComparisonCosts(comparison, work));
  const clock = new RoundClock();
  const notices = new Notices(screen);
  const printed = new Set<string>();
  const sayOnce = (line: string, before = ''): void => {
    if (!printed.has(line)) screen.say(`${before}${line}`);
    printed.add(line);
  };
  let printedPercent = 0;
  const result = await watchWorkflow<ComparisonProgress, ComparisonProgress>(
    handle,
    comparisonQuery,
    async (progress) => {
      // A run that is starting or ending does not answer.
      const training = await Promise.all(
        progress.running.map(async (id) => ({
          id,
          progress: await client.workflow
            .getHandle(id)
            .query(progressQuery)
            .catch(() => undefined),
        })),
      );
      const now = performance.now();
      const done = work.done(progress, training);
      if (done !== undefined) clock.note(done, now);
      const left = done === undefined ? undefined : clock.secondsLeft(work.total, now);
      standstill.notePosition(
        `${progress.rows.length} runs, ${training.map((run) => `${run.id} ${run.progress?.round ?? 0}`).join(', ')}`,
      );
      notices.print(progress.notice);
      screen.show(comparisonBlock(progress, { work, done, training, secondsLeft: left, columns: screen.columns }));
      if (screen.updates) return;
      for (const line of [
        ...progress.rows.map(comparisonLine),
        ...progress.failures.map((failure) => `FAILED: ${failure}`),
      ])
        sayOnce(line, `${progress.rows.length} of ${progress.runs} runs done: `);
      for (const hold of holdsOf(training, work)) sayOnce(hold);
      if (done === undefined || percent(done, work) < printedPercent + PERCENT_PER_LINE) return;
      printedPercent = percent(done, work);
      screen.say(comparisonProgressLine(work, done, training, left));
    },
  );
  screen.leave();
  screen.say(`\n${formatComparison(result, stack.record)}`);
}
