/**
 * The baselines of FIRE PBT. Each is a run on the same parts; its specification makes it a baseline.
 */
import type { ResultSummary } from '../../activities/contracts/result.ts';
import { firePbt } from './fire-pbt.ts';

/** Runs PBT: one sub-population, ranked by score. */
export async function pbt(specification: unknown): Promise<ResultSummary> {
  return firePbt(specification);
}

/** Runs random search: each member has its own first values and follows a given schedule. None copies another. */
export async function randomSearch(specification: unknown): Promise<ResultSummary> {
  return firePbt(specification);
}

/**
 * Trains the schedule of a finished run from step 0 with one member. The input is `{"run": "<workflow id>/<first run
 * id>", "seed": 1000}`, or a specification whose `schedule` is a trace. The result has the gap between run and retrace.
 */
export async function retrace(specification: unknown): Promise<ResultSummary> {
  return firePbt(specification);
}
