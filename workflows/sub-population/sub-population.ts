/**
 * One sub-population of a run: P1 chases the objective as PBT does, Pi (i ≥ 2) is ranked by improvement rate and judges
 * its own evaluators. `population.ts` has its round.
 *
 * News goes up and promotions come down, so it cannot deadlock. P1 alone decides when the run ends; that travels up
 * with the news. History: three events an activity, one activity a member, four signals an evaluator and three a
 * neighbour each round; it continues as new between two rounds when the server suggests it, carrying the number of the
 * round it recorded rather than curves.
 */
import { allHandlersFinished, condition, continueAsNew, workflowInfo } from '@temporalio/workflow';
import type { Run } from '../run/activities.ts';
import { Population } from './population.ts';
import type { Carried } from './mail.ts';
import type { Finish } from './winner.ts';

export interface SubPopulationInput {
  readonly run: Run;
  /** 1 for P1. */
  readonly subPopulation: number;
  /** Newest recorded round; 0 starts afresh. */
  readonly completedRound: number;
  /** Null: started by the root. */
  readonly carried: Carried | null;
}

/**
 * Runs P`subPopulation` to the end. P1 returns the run's winner, the others null; a P1 whose members have all diverged
 * at the end fails.
 */
export async function subPopulation(input: SubPopulationInput): Promise<Finish | null> {
  const { run, subPopulation: level, completedRound, carried } = input;
  const population = new Population(run, level, completedRound, carried);
  await population.open();
  while (await population.begins()) {
    await population.round();
    if (population.isOver() || !workflowInfo().continueAsNewSuggested) continue;
    await condition(allHandlersFinished);
    await continueAsNew<typeof subPopulation>({
      ...input,
      completedRound: population.completedRound,
      carried: population.carried(),
    });
  }
  return population.finish();
}
