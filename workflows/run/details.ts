/**
 * The Markdown that workflows show of themselves, in the Web UI and in `temporal workflow metadata`: updated once a
 * round.
 */
import type { RunProgress } from '../../activities/contracts/messages.ts';
import type { JudgedEvaluation } from '../population/events.ts';
import type { PopulationState } from '../population/state.ts';
import { memberName, subPopulationName } from '../population/names.ts';

/** The root's: how far the run is, every sub-population a row. */
export function describeRun(
  workflowId: string,
  { status, round, rounds, bestScore, subPopulations, holds, plan, notice, ignored }: RunProgress,
): string {
  const percent = rounds > 0 ? Math.floor((100 * round) / rounds) : 0;
  const rows = subPopulations.map(
    (one) =>
      `| ${subPopulationName(one.subPopulation)} | ${one.members} | ${one.evaluatorsBusy} of ` +
      `${one.evaluators} | ${one.promotions} | ${one.bestScore ?? '–'} | ` +
      `\`${JSON.stringify(one.hyperparameters)}\` |`,
  );
  const leaders = subPopulations
    .flatMap(({ leaders }) => leaders)
    .map(({ member, score, hyperparameters }) => `| ${member} | ${score} | \`${JSON.stringify(hyperparameters)}\` |`);
  return [
    `**${workflowId}**: ${status}, round ${round} of ${rounds} (${percent} %), best score ${bestScore ?? '–'}`,
    ...(notice === null ? [] : [`\n${notice}`]),
    ...holds.map((hold) => `\n**Holds** — ${hold}`),
    ...(rows.length > 0
      ? [
          '',
          '| sub-population | members | evaluators busy | promotions | best score | hyperparameters |',
          '|---|---|---|---|---|---|',
          ...rows,
        ]
      : []),
    ...(leaders.length > 0
      ? ['', '| leaderboard | newest score | hyperparameters |', '|---|---|---|', ...leaders]
      : []),
    ...ignored.map((one) => `\nIgnored signal ${one}`),
    ...(plan ? ['', `Objects: \`${plan.storage.folder}/\` in bucket \`${plan.storage.bucket}\``] : []),
  ].join('\n');
}

/** A sub-population's: its members in order of their newest score, and what it holds for. */
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
      values: JSON.stringify(member.hyperparameters),
    }))
    .sort((a, b) => worst(b.score) - worst(a.score))
    .map(({ name, stopped, score, values }) => `| ${name}${stopped ? ' (stopped)' : ''} | ${score} | \`${values}\` |`);
  return [
    `**${subPopulationName(state.subPopulation)}** of \`${workflowId}\`, round ${round} of ${rounds}; ` +
      `${state.promotions} promotions received`,
    ...holds.map(
      (hold) => `\n**Holds** — ${hold}. \`resume\` the run when it is mended, or \`stopEarly\` what cannot be.`,
    ),
    '',
    '| member | newest score | hyperparameters |',
    '|---|---|---|',
    ...rows,
  ].join('\n');
}

/** One verdict with its numbers, as a line. */
export function describeVerdict(
  { parent, child, evaluationSteps, verdict }: JudgedEvaluation,
  round: number,
  subPopulation: number,
): string {
  const { outcome, reason, p, threshold, gap, overlap } = verdict;
  const numbers = [
    p === null ? '' : `p = ${p.toPrecision(3)}`,
    threshold === null ? '' : `threshold ${threshold.toPrecision(3)}`,
    gap === null ? '' : `gap ${gap.toPrecision(3)}`,
    overlap === null ? 'no overlap' : `${overlap.length} points overlap`,
  ].filter((text) => text !== '');
  const pair = `${memberName(subPopulation, parent)} against ${memberName(subPopulation - 1, child)}`;
  return `round ${round}: ${outcome} (${reason}) after ${evaluationSteps} steps, ${pair}: ${numbers.join(', ')}`;
}
