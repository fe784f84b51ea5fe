/**
 * One run of a comparison as its table describes it: its input, its folder, its scores and its costs.
 */
import { z } from 'zod';
import type { ComparisonRow, ComparisonRun, Retrace, RunCurve, TrainingCosts } from '../contracts/comparison.ts';
import { SCORE } from '../runs/recorded-json.ts';
import { gapOf } from '../runs/result.ts';
import type { StoredResult } from '../runs/recorded-result.ts';

/** The fields without which a table cannot use the description of a run. */
export const NEEDED_DESCRIPTION = z.object({
  arm: z.string(),
  seed: z.int(),
  task: z.record(z.string(), z.unknown()),
  objective: SCORE,
  testScore: SCORE,
  costs: z.object({
    memberSteps: z.number(),
    evaluatorSteps: z.number(),
    trainerSeconds: z.number(),
    checkpoints: z.object({ written: z.number(), writtenBytes: z.number(), readBytes: z.number() }),
    evaluations: z.record(z.string(), z.object({ count: z.number(), steps: z.number(), neverMet: z.number() })),
    thrownAwayShare: z.number().nullable(),
    promotions: z.array(z.number()),
  }),
  retrace: z.object({ gap: z.number().nullable() }).optional(),
});

/** Returns the run as the table describes it. */
export function describeRun(
  arm: string,
  result: StoredResult,
  { costs, curve }: { readonly costs: TrainingCosts; readonly curve: RunCurve },
  retraced?: StoredResult,
): ComparisonRun {
  const { specification, winner, untouchedScore, storage } = result;
  const { subPopulations, task } = specification;
  const workers = {
    members: subPopulations.reduce((sum, { members }) => sum + members, 0),
    evaluators: subPopulations.reduce((sum, { evaluators }) => sum + evaluators, 0),
  };
  return {
    arm,
    seed: result.seed,
    algorithm: result.algorithm,
    task,
    workers,
    steps: result.steps,
    workflowId: result.workflowId,
    ...storage,
    resultKey: result.resultKey,
    objective: winner.objective,
    testScore: result.testScore,
    ...(untouchedScore === undefined ? {} : { untouchedScore }),
    promotions: result.promotions,
    verdicts: result.verdicts,
    decisionsSha256: result.decisionsSha256,
    checkpointSha256: winner.checkpoint.sha256,
    schedule: result.schedule,
    curve,
    costs,
    ...(retraced === undefined ? {} : { retrace: describeRetrace(result, retraced) }),
  };
}

/** Returns the summary of a run that the comparison's workflow carries. */
export function rowOf(run: ComparisonRun): ComparisonRow {
  const {
    task: _task,
    workers: _workers,
    untouchedScore: _untouched,
    verdicts: _verdicts,
    schedule: _schedule,
    curve: _curve,
    costs: _costs,
    ...row
  } = run;
  return row;
}

function describeRetrace({ testScore }: StoredResult, retraced: StoredResult): Retrace {
  return {
    seed: retraced.seed,
    testScore: retraced.testScore,
    objective: retraced.winner.objective,
    gap: gapOf(testScore, retraced.testScore),
    ...retraced.storage,
  };
}
