/**
 * The Markdown that workflows show in the Web UI and in `temporal workflow metadata`. It is updated once per round.
 */
import type { RunProgress } from '../../activities/contracts/messages.ts';
import type { JudgedEvaluation } from '../population/events.ts';
import type { PopulationState } from '../population/state.ts';
import { markdownTable } from '../population/markdown-table.ts';
import { formatCount } from '../population/figures.ts';
import { memberName, subPopulationName } from '../population/names.ts';
import { describeComparison, REASON_TEXTS } from '../population/verdict-text.ts';

/** Returns the text of a root: how far the run is, with a row per sub-population. */
export function describeRun(
  workflowId: string,
  { status, round, rounds, bestScore, subPopulations, holds, plan, notice, ignored, warnings, undeleted }: RunProgress,
): string {
  const percent = rounds > 0 ? Math.floor((100 * round) / rounds) : 0;
  const rows = subPopulations.map((one) => [
    subPopulationName(one.subPopulation),
    String(one.members),
    `${one.evaluatorsBusy} of ${one.evaluators}`,
    String(one.promotions),
    String(one.bestScore ?? '–'),
    code(one.hyperparameters),
  ]);
  const leaders = subPopulations
    .flatMap((one) => one.leaders)
    .map(({ member, score, hyperparameters }) => [member, String(score), code(hyperparameters)]);
  return [
    `**${workflowId}**: ${status}, round ${round} of ${rounds} (${percent} %), best score ${bestScore ?? '–'}`,
    ...(notice === null ? [] : [`\n${notice}`]),
    ...holds.map((hold) => `\n**Holds** — ${hold}`),
    ...table(['sub-population', 'members', 'evaluators busy', 'promotions', 'best score', 'hyperparameters'], rows),
    ...table(['leaderboard', 'newest score', 'hyperparameters'], leaders),
    ...ignored.map((one) => `\nIgnored signal ${one}`),
    ...warnings.map((one) => `\n**Warning** — ${one}`),
    ...(undeleted > 0 ? [`\n${undeleted} expired objects were not deleted.`] : []),
    ...(plan ? ['', `Objects: \`${plan.storage.folder}/\` in bucket \`${plan.storage.bucket}\``] : []),
  ].join('\n');
}

/** Returns the text of a sub-population: its members in order of their newest score, and why it holds. */
export function describeSubPopulation(
  workflowId: string,
  state: PopulationState,
  round: number,
  rounds: number,
  holds: readonly string[],
): string {
  const worst = (score: number | string): number => (typeof score === 'number' ? score : Number.NEGATIVE_INFINITY);
  const rows = state.members
    .map((member, index) => ({
      name: memberName(state.subPopulation, index),
      stopped: member.stopped,
      score: member.curve.scores.at(-1) ?? '–',
      values: code(member.hyperparameters),
    }))
    .sort((a, b) => worst(b.score) - worst(a.score))
    .map(({ name, stopped, score, values }) => [stopped ? `${name} (stopped)` : name, String(score), values]);
  return [
    `**${subPopulationName(state.subPopulation)}** of \`${workflowId}\`, round ${round} of ${rounds}; ` +
      `${state.promotions} promotions received`,
    ...holds.map(
      (hold) =>
        `\n**Holds** — ${hold}. Repair the cause and \`resume\` the run. \`stopEarly\` ends a hold of training.`,
    ),
    ...table(['member', 'newest score', 'hyperparameters'], rows),
  ].join('\n');
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

/** Returns a table after an empty line, or nothing if it has no rows. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return rows.length === 0 ? [] : ['', markdownTable(head, rows)];
}

function code(value: unknown): string {
  return `\`${JSON.stringify(value)}\``;
}
