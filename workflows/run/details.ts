/**
 * The Markdown that workflows show in the Web UI and in `temporal workflow metadata`. It is updated once per round.
 */
import type { Instruction, RunProgress, SubPopulationSummary } from '../../activities/contracts/messages.ts';
import type { JudgedEvaluation } from '../population/events.ts';
import type { PopulationState } from '../population/state.ts';
import { markdownTable } from '../population/markdown-table.ts';
import { formatCount, shortScore } from '../population/figures.ts';
import { OVER } from '../population/views.ts';
import { hyperparameterColumns, showHyperparameter, type Shown } from '../population/hyperparameter-columns.ts';
import { memberName, subPopulationName } from '../population/names.ts';
import { describeComparison, REASON_TEXTS } from '../population/verdict-text.ts';

/** Returns the text of a root: how far the run is, with a row per sub-population. */
export function describeRun(workflowId: string, progress: RunProgress): string {
  const { round, rounds, bestScore, testScore, subPopulations, holds, plan, notice, undeleted } = progress;
  const percent = rounds > 0 ? Math.floor((100 * round) / rounds) : 0;
  return [
    `**${workflowId}**: ${progress.status}, round ${round} of ${rounds} (${percent} %), ` +
      `best score ${shortScore(bestScore)}${testScore === null ? '' : `, test score ${shortScore(testScore)}`}`,
    ...(notice === null ? [] : [`\n${notice}`]),
    ...holds.map((hold) => `\n**Holds** — ${hold}`),
    ...overview(subPopulations, OVER.includes(progress.status)),
    ...withHyperparameters(
      ['leaderboard', 'newest score'],
      subPopulations
        .flatMap(({ leaders }) => leaders)
        .map(({ member, score, hyperparameters }) => ({ cells: [member, shortScore(score)], hyperparameters })),
    ),
    ...progress.ignored.map((one) => `\nIgnored signal ${one}`),
    ...progress.warnings.map((one) => `\n**Warning** — ${one}`),
    ...(undeleted > 0 ? [`\n${undeleted} expired objects were not deleted.`] : []),
    ...(plan ? ['', `Objects: \`${plan.storage.folder}/\` in bucket \`${plan.storage.bucket}\``] : []),
  ].join('\n');
}

/** Returns a row for each sub-population. Whether evaluators are busy says nothing once the run is over. */
function overview(subPopulations: readonly SubPopulationSummary[], isOver: boolean): string[] {
  return withHyperparameters(
    ['sub-population', 'members', isOver ? 'evaluators' : 'evaluators busy', 'promotions', 'best score'],
    subPopulations.map(
      ({ subPopulation, members, evaluators, evaluatorsBusy, promotions, bestScore, hyperparameters }) => ({
        cells: [
          subPopulationName(subPopulation),
          String(members),
          evaluators === 0 ? '–' : isOver ? String(evaluators) : `${evaluatorsBusy} of ${evaluators}`,
          String(promotions),
          shortScore(bestScore),
        ],
        hyperparameters,
      }),
    ),
  );
}

/** Which sub-population it is, and how far. */
export interface Position {
  readonly subPopulation: number;
  readonly round: number;
  readonly rounds: number;
}

/** Why a sub-population does not go on. */
export interface Standstill {
  readonly holds: readonly string[];
  /** Why the operator paused the run; null: it is not paused. */
  readonly pause: string | null;
}

/** Returns the text of a sub-population: its members in order of their newest score, and why it does not go on. */
export function describeSubPopulation(
  workflowId: string,
  state: PopulationState,
  { subPopulation, round, rounds }: Position,
  { holds, pause }: Standstill,
): string {
  const worst = (score: number | string): number => (typeof score === 'number' ? score : Number.NEGATIVE_INFINITY);
  const rows = state.members
    .map(({ stopped, curve, hyperparameters }, index) => ({
      name: memberName(subPopulation, index),
      stopped,
      score: curve.scores.at(-1) ?? '–',
      hyperparameters,
    }))
    .sort((a, b) => worst(b.score) - worst(a.score))
    .map(({ name, stopped, score, hyperparameters }) => ({
      cells: [stopped ? `${name} (stopped)` : name, shortScore(score)],
      hyperparameters,
    }));
  return [
    `**${subPopulationName(subPopulation)}** of \`${workflowId}\`, round ${round} of ${rounds}; ` +
      `${formatCount(state.promotions, 'promotion')} received`,
    ...(pause === null ? [] : [`\n**Paused** — ${pause}. \`resume\` the run to go on.`]),
    ...holds.map(
      (hold) =>
        `\n**Holds** — ${hold}. Repair the cause and \`resume\` the run. \`stopEarly\` ends a hold of training.`,
    ),
    ...withHyperparameters(['member', 'newest score'], rows),
  ].join('\n');
}

/** Returns what an evaluator trains in a round, as a sentence. */
export function describeTraining(
  round: number,
  subPopulation: number,
  { parent, child, evaluationSteps, request }: NonNullable<Instruction['train']>,
): string {
  const values = Object.entries(request.hyperparameters).map(([name, value]) => `${name} ${showHyperparameter(value)}`);
  return (
    `Round ${round}: trains from ${memberName(subPopulation, parent)} with the hyperparameters of ` +
    `${memberName(subPopulation - 1, child)} (${values.join(', ')}), ` +
    (evaluationSteps === 0 ? 'its first round.' : `for ${formatCount(evaluationSteps, 'step')} so far.`)
  );
}

/** Returns one verdict with its numbers, as a line. */
export function describeVerdict(
  { parent, child, evaluationSteps, verdict }: JudgedEvaluation,
  round: number,
  subPopulation: number,
): string {
  const { outcome, reason } = verdict;
  const pair = `${memberName(subPopulation, parent)} against ${memberName(subPopulation - 1, child)}`;
  return (
    `round ${round}: ${outcome} (${reason}: ${REASON_TEXTS[reason].label}) after ` +
    `${formatCount(evaluationSteps, 'step')}, ${pair}: ${describeComparison(verdict)}`
  );
}

/** A row of a table. */
interface Row {
  readonly cells: readonly string[];
  readonly hyperparameters: Readonly<Record<string, Shown>>;
}

/**
 * Returns a table after an empty line, with columns for the hyperparameters that differ, and a line about the others;
 * nothing if it has no rows.
 */
function withHyperparameters(head: readonly string[], rows: readonly Row[]): string[] {
  if (rows.length === 0) return [];
  const { names, cells, same } = hyperparameterColumns(rows.map(({ hyperparameters }) => hyperparameters));
  const table = markdownTable(
    [...head, ...names],
    rows.map((row, index) => [...row.cells, ...(cells[index] ?? [])]),
  );
  return ['', table, ...(same === null ? [] : [`\nThe same for all: ${same}`])];
}
