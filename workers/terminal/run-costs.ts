/**
 * Formats the costs of a run before it starts.
 */
import type { HistoryCosts, RunPlan } from '../../activities/contracts/run.ts';
import { formatCount, longNumber, shortBytes } from '../../workflows/population/figures.ts';

/** Describes the size of a run: workers, rounds, training, storage, histories. Returns several lines. */
export function formatCosts({ specification, costs }: RunPlan): string {
  const sizes = specification.subPopulations
    .map(({ members, evaluators }) => (evaluators > 0 ? `${members} + ${evaluators}` : `${members}`))
    .join(' + ');
  const { checkpointBytes, storedBytes } = costs;
  return [
    `Workers    ${costs.members + costs.evaluators} (${sizes}): ${formatCount(costs.members, 'member')}, ` +
      `${formatCount(costs.evaluators, 'evaluator')}`,
    `Rounds     ${costs.rounds} of ${formatCount(specification.stepsPerRound, 'step')}, measured every ` +
      `${specification.evalEvery}; seed ${specification.seed}`,
    `Training   at most ${longNumber(costs.workerSteps)} steps in ` +
      `${formatCount(costs.trainActivities, 'activity', 'activities')}`,
    `Storage    at most ${formatCount(costs.checkpointsKept, 'checkpoint')}` +
      `${checkpointBytes === undefined ? '' : ` of ${shortBytes(checkpointBytes)}`}` +
      `${storedBytes === undefined ? '' : `, ${shortBytes(storedBytes)} in total`}`,
    `Histories  ${formatHistories(costs.histories)}`,
    'Time       estimated after the first round',
  ].join('\n');
}

function formatHistories({
  rootEvents,
  rootBytes,
  roundEvents,
  roundBytes,
  largestPayloadBytes,
}: HistoryCosts): string {
  return (
    `at most ${longNumber(rootEvents)} events, ${shortBytes(rootBytes)} (root); ` +
    `${longNumber(roundEvents)} events, ${shortBytes(roundBytes)} per round (others); ` +
    `${shortBytes(largestPayloadBytes)} per message`
  );
}
