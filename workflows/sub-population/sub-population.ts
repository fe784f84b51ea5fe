/**
 * One sub-population of a run. P1 is ranked by score, as in PBT; Pi (i ≥ 2) is ranked by improvement rate and judges
 * its own evaluators. `population.ts` has its round.
 *
 * News travels up and promotions travel down, so no deadlock can arise. P1 alone decides when the run ends, and the
 * news says so. History per round: three events per activity, one activity per member, four signals per evaluator,
 * three per neighbour. It continues as new between two rounds when the server suggests it. Then it carries the
 * reference of the round that it recorded, and no curves.
 */
import { allHandlersFinished, condition, continueAsNew, workflowInfo } from '@temporalio/workflow';
import type { Run } from '../run/activities.ts';
import type { RoundReference } from '../../activities/contracts/run.ts';
import { Population } from './population.ts';
import { RecordedRounds } from './recorded-rounds.ts';
import type { Carried } from './mail.ts';
import type { Finish } from './winner.ts';

export interface SubPopulationInput {
  readonly run: Run;
  /** 1 for P1. */
  readonly subPopulation: number;
  /** The round to resume from; null starts afresh. */
  readonly recorded: RoundReference | null;
  /** P(i−1)'s record of that round; null: it is not known, or there is none. */
  readonly recordedBelow: RoundReference | null;
  /** Null: the root started it. */
  readonly carried: Carried | null;
}

/**
 * Runs P`subPopulation` to the end. P1 returns the winner of the run, the others return null. P1 fails if all its
 * members have diverged at the end.
 */
export async function subPopulation(input: SubPopulationInput): Promise<Finish | null> {
  const { run, subPopulation: level, recorded, recordedBelow, carried } = input;
  const records = new RecordedRounds(run, level, recorded, recordedBelow);
  const population = new Population(run, level, records, carried);
  await population.open();
  while (await population.begins()) {
    await population.round();
    if (population.isOver() || !workflowInfo().continueAsNewSuggested) continue;
    await condition(allHandlersFinished);
    await continueAsNew<typeof subPopulation>({
      ...input,
      recorded: records.newest,
      recordedBelow: null,
      carried: population.carried(),
    });
  }
  return population.finish();
}
