/**
 * The algorithm: pure functions on plain data, one concept a file, named as the paper names them.
 */
export { chooseChild, chooseParents } from './assignment.ts';
export type { Candidate, ChildCandidate } from './assignment.ts';
export { binomialTest } from './binomial-test.ts';
export type { Curve, Score } from './curve.ts';
export { exploit } from './exploit.ts';
export type { Contender, Exploitation } from './exploit.ts';
export { exp, log } from './exponential.ts';
export { fitnessByImprovement } from './fitness.ts';
export { explore, sampleInitial } from './hyperparameters.ts';
export type {
  CategorySpace,
  FloatSpace,
  HyperparameterSpace,
  HyperparameterSpaces,
  HyperparameterValue,
  HyperparameterValues,
  IntegerSpace,
} from './hyperparameters.ts';
export { findOverlap } from './overlap.ts';
export type { Overlap } from './overlap.ts';
export { randomStream, shuffled } from './random.ts';
export type { RandomStream } from './random.ts';
export { isTrace, scheduled, scheduleFactor } from './schedule.ts';
export type { Schedule, ScheduleShape, TraceSegment } from './schedule.ts';
export { bestScoreDifference } from './score-gap.ts';
export { smooth } from './smoothing.ts';
export type { SmoothingModel } from './smoothing.ts';
export { judge } from './verdict.ts';
export type { Evidence, Verdict, VerdictReason } from './verdict.ts';
