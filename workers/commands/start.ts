/**
 * `npm start`: runs an experiment on the local stack and watches it to its end. The run belongs to the stack: who
 * interrupts this loses nothing.
 */
import type { Client } from '@temporalio/client';
import type { ResultSummary, RunPlan } from '../../activities/contracts/run.ts';
import type { Comparison } from '../../activities/comparison/input.ts';
import { comparisonQuery, progressQuery } from '../../workflows/messages.ts';
import type { ComparisonProgress, RunProgress } from '../../activities/contracts/messages.ts';
import { identifier, readOptions } from '../processes/command-line.ts';
import { readExperiment } from '../processes/experiment.ts';
import type { Experiment } from '../processes/experiment.ts';
import { INTERRUPTED_EXIT_CODE, interrupted } from '../processes/interruption.ts';
import { UserError, runProcess } from '../processes/user-error.ts';
import { joinStack } from '../stack/joining.ts';
import type { JoinedStack } from '../stack/joining.ts';
import { readStackOptions, STACK_HELP, STACK_OPTIONS } from '../stack/options.ts';
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
import { formatSummary, webPage } from '../terminal/run-summary.ts';
import { Screen } from '../terminal/screen.ts';
import { StandstillWatch } from '../processes/troubles.ts';
import { follow } from '../processes/watching.ts';

const HELP = `
Runs an experiment on this machine: starts the local stack (or uses the running one), starts the run (or watches the
running one), and shows its progress. Ctrl-C ends the stack; the run continues at the next start.

  --input-file FILE      a specification, or a comparison of several (experiments/fashion-mnist.json)
  --workflow-id ID       what the run is called (the file's name)
${STACK_HELP}`;

/** How often a comparison's progress is told where nothing can be drawn over. */
const TOLD_EVERY_PERCENT = 5;

await runProcess(async () => {
  const options = readOptions(
    {
      ...STACK_OPTIONS,
      'input-file': { type: 'string', default: 'experiments/fashion-mnist.json' },
      'workflow-id': { type: 'string' },
    },
    HELP,
  );
  const experiment = readExperiment(options['input-file']);
  const workflowId = identifier('workflow-id', options['workflow-id']) ?? experiment.name;
  const interruption = interrupted();
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
  try {
    const { client, connection } = await connectClient(stack.environment);
    const finished = await Promise.race([
      run(client, experiment, workflowId, stack, screen),
      interruption.first.then(() => 'interrupted' as const),
      stack.gone.then(() => 'stack-gone' as const),
    ]);
    screen.leave();
    if (finished === 'interrupted') {
      screen.say(
        `\n${workflowId} is kept: it goes on ` +
          (stack.ours
            ? 'at the next npm start or npm run stack.'
            : 'in the running stack; npm start watches it again.'),
      );
      return INTERRUPTED_EXIT_CODE;
    }
    if (finished === 'stack-gone')
      throw new UserError(
        `The stack that ${workflowId} was running on has ended. The run is kept: npm start goes on with it.`,
      );
    await connection.close();
    return 0;
  } finally {
    screen.leave();
    await stack.leave();
  }
});

/** Starts or finds the workflow, shows it until it ends, and sums it up. */
async function run(
  client: Client,
  experiment: Experiment,
  workflowId: string,
  stack: JoinedStack,
  screen: Screen,
): Promise<void> {
  const submission = await submit(client, experiment, workflowId, stack.record.queue);
  screen.say(
    submission.reattached
      ? `${workflowId} is running already, as it was started then: watching it`
      : `Started ${workflowId}`,
  );
  if (stack.record.temporal.webUi !== null)
    screen.say(`Web UI     ${webPage(stack.record, workflowId, submission.runId)}`);
  const standstill = new StandstillWatch(client, workflowId, (line) => screen.say(line));
  try {
    await (experiment.comparison
      ? watchComparison(client, experiment.comparison, submission, screen, standstill)
      : watchRun(submission, stack, screen, standstill));
  } finally {
    standstill.stop();
  }
}

async function watchRun(
  { handle, runId }: Submission,
  stack: JoinedStack,
  screen: Screen,
  standstill: StandstillWatch,
): Promise<void> {
  const clock = new RoundClock();
  let plan: RunPlan | undefined;
  let toldRound = -1;
  let toldHolds: readonly string[] = [];
  const result = await follow<RunProgress, ResultSummary>(handle, progressQuery, (progress) => {
    const now = performance.now();
    standstill.reached(`${progress.status}, round ${progress.round}`);
    if (progress.plan === null) return;
    if (plan === undefined) screen.say(formatCosts(progress.plan));
    plan = progress.plan;
    if (progress.status !== 'planning') clock.note(progress.round, now);
    const left = clock.secondsLeft(progress.rounds, now);
    screen.show(progressBlock(progress, left));
    if (!screen.updates && progress.round > Math.max(toldRound, 0)) screen.say(progressLine(progress, left));
    toldRound = progress.round;
    const unheard = progress.holds.filter((hold) => !toldHolds.includes(hold));
    if (!screen.updates) for (const hold of unheard) screen.say(`HOLDS: ${hold}`);
    toldHolds = progress.holds;
  });
  screen.leave();
  plan ??= (await handle.query(progressQuery)).plan ?? undefined;
  if (plan === undefined) throw new Error(`${handle.workflowId} ended without a plan`);
  screen.say(`\n${formatSummary(result, plan.specification, { stack: stack.record, runId, stackEnds: stack.ours })}`);
}

async function watchComparison(
  client: Client,
  comparison: Comparison,
  { handle, reattached }: Submission,
  screen: Screen,
  standstill: StandstillWatch,
): Promise<void> {
  const work = new ComparisonWork(comparison, handle.workflowId);
  if (!reattached) screen.say(formatComparisonCosts(comparison, work));
  const clock = new RoundClock();
  const told = new Set<string>();
  const sayOnce = (line: string, before = ''): void => {
    if (!told.has(line)) screen.say(`${before}${line}`);
    told.add(line);
  };
  let toldPercent = 0;
  const result = await follow<ComparisonProgress, ComparisonProgress>(handle, comparisonQuery, async (progress) => {
    // One that is just beginning or ending does not answer.
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
    standstill.reached(
      `${progress.rows.length} runs, ${training.map((run) => `${run.id} ${run.progress?.round ?? 0}`).join(', ')}`,
    );
    screen.show(comparisonBlock(progress, work, done, training, left));
    if (screen.updates) return;
    for (const line of [
      ...progress.rows.map(comparisonLine),
      ...progress.failures.map((failure) => `FAILED: ${failure}`),
    ])
      sayOnce(line, `${progress.rows.length} of ${progress.runs} runs done: `);
    for (const hold of holdsOf(training, work)) sayOnce(hold);
    if (done === undefined || percent(done, work) < toldPercent + TOLD_EVERY_PERCENT) return;
    toldPercent = percent(done, work);
    screen.say(comparisonProgressLine(work, done, training, left));
  });
  screen.leave();
  screen.say(`\n${formatComparison(result)}`);
}
