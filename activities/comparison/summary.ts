/**
 * Summarises the runs of a comparison: each arm alone, and its difference to the first arm if their tasks are equal.
 */
import type { Score } from '../../workflows/algorithm/curve.ts';
import type {
  ArmDifference,
  ArmSummary,
  ComparisonRun,
  ComparisonSummary,
  MeanCosts,
  PairSummary,
  ScoreSummary,
} from '../contracts/comparison.ts';
import type { Pausing } from './pausing.ts';
import { comparePairs, summarise } from './statistics.ts';

/**
 * Returns the summary, which depends on the runs alone. Arms are in the order of their first run, and are compared with
 * the first arm. Hundreds of runs take seconds.
 */
export function* summariseComparison(runs: readonly ComparisonRun[]): Pausing<ComparisonSummary> {
  const arms = [...new Set(runs.map(({ arm }) => arm))].map((arm) => runs.filter((run) => run.arm === arm));
  const [first = [], ...others] = arms;
  const summaries: ArmSummary[] = [];
  for (const runsOfArm of arms) summaries.push(yield* summariseArm(runsOfArm));
  const differences: ArmDifference[] = [];
  for (const runsOfArm of others)
    if (taskOf(runsOfArm) === taskOf(first)) differences.push(yield* differencesOf(runsOfArm, first));
  return { arms: summaries, differences };
}

function* summariseArm(runs: readonly ComparisonRun[]): Pausing<ArmSummary> {
  const retraces = runs.flatMap(({ retrace }) => (retrace ? [retrace] : []));
  return {
    arm: runs[0]?.arm ?? '',
    runs: runs.length,
    testScore: yield* summariseScores(runs.map(({ testScore }) => testScore)),
    objective: yield* summariseScores(runs.map(({ objective }) => objective)),
    ...(retraces.length > 0
      ? { retraceGap: yield* summariseScores(retraces.map(({ gap }) => gap ?? 'diverged')) }
      : {}),
    costs: meanCosts(runs.map(({ costs }) => costs)),
  };
}

function* summariseScores(scores: readonly Score[]): Pausing<ScoreSummary> {
  const finite = scores.filter((score) => typeof score === 'number');
  return { diverged: scores.length - finite.length, scores: finite.length === 0 ? null : yield* summarise(finite) };
}

function meanCosts(costs: readonly ComparisonRun['costs'][]): MeanCosts {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const shares = costs.flatMap(({ thrownAwayShare }) => thrownAwayShare ?? []);
  return {
    memberSteps: mean(costs.map(({ memberSteps }) => memberSteps)),
    evaluatorSteps: mean(costs.map(({ evaluatorSteps }) => evaluatorSteps)),
    trainerSeconds: mean(costs.map(({ trainerSeconds }) => trainerSeconds)),
    checkpointsWritten: mean(costs.map(({ checkpoints }) => checkpoints.written)),
    checkpointBytesWritten: mean(costs.map(({ checkpoints }) => checkpoints.writtenBytes)),
    checkpointBytesRead: mean(costs.map(({ checkpoints }) => checkpoints.readBytes)),
    thrownAwayShare: shares.length === 0 ? null : mean(shares),
  };
}

function* differencesOf(runs: readonly ComparisonRun[], first: readonly ComparisonRun[]): Pausing<ArmDifference> {
  const pairs = runs.flatMap((run) => {
    const other = first.find(({ seed }) => seed === run.seed);
    return other ? [{ run, other }] : [];
  });
  const compared = function* (score: 'testScore' | 'objective'): Pausing<PairSummary> {
    const finite = pairs.flatMap(({ run, other }) => {
      const [a, b] = [run[score], other[score]];
      return typeof a === 'number' && typeof b === 'number' ? [{ a, b }] : [];
    });
    const differences =
      finite.length === 0
        ? null
        : yield* comparePairs(
            finite.map(({ a }) => a),
            finite.map(({ b }) => b),
          );
    return { diverged: pairs.length - finite.length, differences };
  };
  return {
    arm: runs[0]?.arm ?? '',
    against: first[0]?.arm ?? '',
    testScore: yield* compared('testScore'),
    objective: yield* compared('objective'),
  };
}

function taskOf(runs: readonly ComparisonRun[]): string {
  return JSON.stringify(runs[0]?.task);
}
