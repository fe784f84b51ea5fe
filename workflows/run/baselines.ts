/**
 * What FIRE PBT is compared with, on the same parts: each is a run like any other, whose specification says that it is
 * one.
 */
import type { ResultSummary } from '../../activities/contracts/run.ts';
import { firePbt } from './fire-pbt.ts';

/** PBT: one sub-population, ranked by score. */
export async function pbt(specification: unknown): Promise<ResultSummary> {
  return firePbt(specification);
}

/**
 * Random search: members with a schedule made by hand and first values of their own, none of which copies another; the
 * best is kept.
 */
export async function randomSearch(specification: unknown): Promise<ResultSummary> {
  return firePbt(specification);
}

/**
 * A finished run's schedule trained afresh from step 0 by one member: `{"run": "<workflow id>/<first run id>", "seed":
 * 1000}`, or a specification whose `schedule` is the trace. The result tells the gap between the run and its retrace.
 */
export async function retrace(specification: unknown): Promise<ResultSummary> {
  return firePbt(specification);
}
