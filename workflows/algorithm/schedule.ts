/**
 * Hand-made schedules: factors that multiply the first value of a hyperparameter during training. Or a trace: the
 * values that another run used.
 *
 * A value is constant during a round. Warm-up uses the end of the round (so that no round trains with 0), steps use its
 * start, and the cosine uses its middle.
 */
import type { HyperparameterSpace, HyperparameterValue, HyperparameterValues } from './hyperparameters.ts';
import { clamp } from './hyperparameters.ts';
import type { RandomStream } from './random.ts';

interface WarmUp {
  /** The value grows linearly up to this step; with 0 it does not. */
  readonly warmUpSteps: number;
}

/** One shape over the whole run. */
export type ScheduleShape =
  | ({ readonly kind: 'constant' } & WarmUp)
  /** Multiplied with `factor` at each of the `milestones`, steps of training. */
  | ({ readonly kind: 'step'; readonly milestones: readonly number[]; readonly factor: number } & WarmUp)
  /** Half a cosine, from the end of the warm-up to the last step, down to `finalFactor`. */
  | ({ readonly kind: 'cosine'; readonly finalFactor: number } & WarmUp);

/** The values between two steps. */
export interface TraceSegment {
  readonly fromStep: number;
  readonly toStep: number;
  readonly hyperparameters: HyperparameterValues;
}

/** By hyperparameter, a shape, or several of which each member draws one; or a trace. */
export type Schedule = Readonly<Record<string, ScheduleShape | readonly ScheduleShape[]>> | readonly TraceSegment[];

export interface RoundOfSteps {
  readonly fromStep: number;
  readonly toStep: number;
  /** Of the whole run. */
  readonly steps: number;
}

export function isTrace(schedule: Schedule): schedule is readonly TraceSegment[] {
  return Array.isArray(schedule);
}

/**
 * Returns the hyperparameters of a member in a round: its first values multiplied by the factors of the schedule,
 * within their bounds. A trace replaces them from the first step of each segment. `stream` must be the same for a
 * member in all rounds.
 */
export function scheduled(
  schedule: Schedule,
  first: HyperparameterValues,
  spaces: Readonly<Record<string, HyperparameterSpace | HyperparameterValue>>,
  round: RoundOfSteps,
  stream: RandomStream,
): HyperparameterValues {
  if (isTrace(schedule))
    return { ...first, ...schedule.findLast(({ fromStep }) => fromStep <= round.fromStep)?.hyperparameters };
  const values: Record<string, HyperparameterValue> = { ...first };
  for (const name of Object.keys(schedule).sort()) {
    const one = schedule[name];
    const shape = isChoice(one) ? one[stream.integer(one.length)] : one;
    const value = values[name];
    if (shape === undefined || typeof value !== 'number') continue;
    const scaled = value * scheduleFactor(shape, round);
    const space = spaces[name];
    values[name] =
      typeof space === 'object' && space.kind !== 'category'
        ? clamp(space.kind === 'integer' ? Math.round(scaled) : scaled, space.bounds)
        : scaled;
  }
  return values;
}

/** Returns the factor of a shape in a round: above 0, at most 1. */
export function scheduleFactor(shape: ScheduleShape, { fromStep, toStep, steps }: RoundOfSteps): number {
  const { warmUpSteps } = shape;
  const warmth = warmUpSteps > toStep ? toStep / warmUpSteps : 1;
  switch (shape.kind) {
    case 'constant':
      return warmth;
    case 'step': {
      const { milestones, factor } = shape;
      return milestones.reduce((product, milestone) => (fromStep >= milestone ? product * factor : product), warmth);
    }
    case 'cosine': {
      const roundSteps = toStep - fromStep;
      // Rounds of an extension keep the last value.
      const from = Math.min(fromStep, steps - roundSteps);
      if (from < warmUpSteps) return warmth;
      const share = (from + roundSteps / 2 - warmUpSteps) / (steps - warmUpSteps);
      const last = shape.finalFactor;
      return last + (1 - last) * 0.5 * (1 + cosineOfHalfTurns(share));
    }
    default:
      return shape satisfies never;
  }
}

/** cos(π·x) for x from 0 to 1, from a series: Math.cos differs between engines in its last bits. */
function cosineOfHalfTurns(x: number): number {
  if (x > 0.5) return -cosineOfHalfTurns(1 - x);
  const square = Math.PI * x * (Math.PI * x);
  let term = 1;
  let sum = 1;
  for (let n = 2; n <= TERMS; n += 2) {
    term *= -square / ((n - 1) * n);
    sum += term;
  }
  return sum;
}

/** (π/2)²⁴ / 24! is below half a unit in the last place of 1. */
const TERMS = 24;

function isChoice(one: ScheduleShape | readonly ScheduleShape[] | undefined): one is readonly ScheduleShape[] {
  return Array.isArray(one);
}
