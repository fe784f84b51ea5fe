/**
 * What a run will cost, said before it starts.
 */
import type { RunPlan } from '../../activities/orchestration-contract.ts';
import { counted, longNumber, shortBytes } from './figures.ts';

/** Returns the lines. */
export function tellCosts({ specification, costs }: RunPlan): string {
  const sizes = specification.subPopulations.map(({ members, evaluators }) => (evaluators > 0 ? `${members} + ${evaluators}` : `${members}`)).join(' + ');
  const kept = `${counted(costs.checkpointsKept, 'checkpoint')} at most`;
  return [
    `Workers    ${costs.members + costs.evaluators} (${sizes}): ${counted(costs.members, 'member')}, ${counted(costs.evaluators, 'evaluator')}`,
    `Rounds     ${costs.rounds} of ${counted(specification.stepsPerRound, 'step')}, measured every ${specification.evalEvery}; seed ${specification.seed}`,
    `Training   ${longNumber(costs.workerSteps)} steps in ${counted(costs.trainActivities, 'activity', 'activities')}, at most`,
    `Kept       ${kept}${costs.checkpointBytes === undefined ? '' : ` of ${shortBytes(costs.checkpointBytes)}`}${costs.storedBytes === undefined ? '' : `, ${shortBytes(costs.storedBytes)} in all`}`,
    'Time       estimated from the first round on',
  ].join('\n');
}
