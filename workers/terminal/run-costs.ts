/**
 * What a run will cost, said before it starts.
 */
import type { HistoryCosts, RunPlan } from '../../activities/contracts/run.ts';
import { counted, longNumber, shortBytes } from './figures.ts';

/** Returns the lines. */
export function formatCosts({ specification, costs }: RunPlan): string {
  const sizes = specification.subPopulations
    .map(({ members, evaluators }) => (evaluators > 0 ? `${members} + ${evaluators}` : `${members}`))
    .join(' + ');
  const kept = `${counted(costs.checkpointsKept, 'checkpoint')} at most`;
  return [
    `Workers    ${costs.members + costs.evaluators} (${sizes}): ${counted(costs.members, 'member')}, ` +
      `${counted(costs.evaluators, 'evaluator')}`,
    `Rounds     ${costs.rounds} of ${counted(specification.stepsPerRound, 'step')}, measured every ` +
      `${specification.evalEvery}; seed ${specification.seed}`,
    `Training   ${longNumber(costs.workerSteps)} steps in ` +
      `${counted(costs.trainActivities, 'activity', 'activities')}, at most`,
    `Kept       ${kept}${costs.checkpointBytes === undefined ? '' : ` of ${shortBytes(costs.checkpointBytes)}`}` +
      `${costs.storedBytes === undefined ? '' : `, ${shortBytes(costs.storedBytes)} in all`}`,
    ...(costs.histories ? [`Histories  ${formatHistories(costs.histories)}`] : []),
    'Time       estimated from the first round on',
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
    `${longNumber(rootEvents)} events, ${shortBytes(rootBytes)} at most in the root's; ` +
    `${longNumber(roundEvents)}, ${shortBytes(roundBytes)} a round in another; messages of ` +
    `${shortBytes(largestPayloadBytes)} at most`
  );
}
