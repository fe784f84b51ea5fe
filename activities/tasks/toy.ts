/**
 * Closed-form toy tasks (Chebykin et al., TMLR 2025, §5.2): one parameter θ, shrunk towards 0 by each step at a rate
 * that h sets.
 *
 * θ starts at 0.9; score 1.2 − θ²; a step is θ ← θ − 0.002·f·θ. *Plain*: f = 2 − h. *Deceptive*: f = max(2 − h − p, 0),
 * where p = 0.2·Σ|hᵢ − (1 − i/50)| over the rounds so far, this one included: cutting h at once pays now and costs
 * later.
 */
import type { HyperparameterValues } from '../../workflows/algorithm/hyperparameters.ts';
import type { NamedTensor } from '../storage/safetensors.ts';
import { object, oneOf } from '../../workflows/validation/fields.ts';
import { defineTask } from './define-task.ts';
import { scoreOf } from './score.ts';
import type { Session, State } from './task.ts';

const settings = object(
  { variant: oneOf(['plain', 'deceptive'], 'Deceptive: cutting h at once pays now and costs later.') },
  'A toy task.',
);

type Variant = 'plain' | 'deceptive';

const INITIAL_THETA = 0.9;
const BEST_SCORE = 1.2;
const RATE = 0.002;
const PENALTY = 0.2;
/** Rounds over which the schedule that costs no penalty leads h from 1 to 0. */
const SCHEDULED_ROUNDS = 50;

/** θ; the sum Σ|hᵢ − (1 − i/50)|; rounds begun. */
const STATE = ['theta', 'deviation', 'rounds'] as const;

/** Of a checkpoint: three numbers with their names. */
const CHECKPOINT_BYTES = 300;

/** The toy tasks. */
export const toy = defineTask({
  kind: 'toy',
  description: 'A closed-form problem (Chebykin et al., TMLR 2025, §5.2).',
  settings,
  hyperparameters: () => [{ kind: 'number', name: 'h', description: 'Sets how fast a step shrinks the parameter.' }],
  label: ({ variant }) => variant,
  checkpointBytes: () => CHECKPOINT_BYTES,
  open: ({ variant }, { hyperparameters }) => new ToySession(variant, hyperparameters),
});

class ToySession implements Session {
  readonly #variant: Variant;
  readonly #h: number;
  #theta = INITIAL_THETA;
  #deviation = 0;
  #rounds = 0;

  constructor(variant: Variant, { h }: HyperparameterValues) {
    this.#variant = variant;
    this.#h = typeof h === 'number' ? h : NaN;
  }

  initialise(): void {
    this.#theta = INITIAL_THETA;
    this.#deviation = 0;
    this.#rounds = 0;
  }

  restore(state: State): void {
    const [theta, deviation, rounds] = STATE.map((name) => readScalar(name, state.get(name))) as [
      number,
      number,
      number,
    ];
    this.#theta = theta;
    this.#deviation = deviation;
    this.#rounds = rounds;
  }

  effectiveHyperparameters(): HyperparameterValues {
    return { h: this.#h };
  }

  beginRound(): void {
    this.#deviation += Math.abs(this.#h - (1 - this.#rounds / SCHEDULED_ROUNDS));
    this.#rounds++;
  }

  train(fromStep: number, toStep: number): void {
    const factor = this.#variant === 'plain' ? 2 - this.#h : Math.max(2 - this.#h - PENALTY * this.#deviation, 0);
    for (let step = fromStep; step < toStep; step++) this.#theta -= RATE * factor * this.#theta;
  }

  measure(): number | 'diverged' {
    return scoreOf(BEST_SCORE - this.#theta * this.#theta);
  }

  save(): State {
    const values = [this.#theta, this.#deviation, this.#rounds];
    return new Map(STATE.map((name, index) => [name, scalar(values[index]!)]));
  }

  async report() {
    return { testScore: this.measure(), weights: this.save(), exports: [] };
  }

  dispose(): void {
    // Holds nothing.
  }
}

function scalar(value: number): NamedTensor {
  return { dtype: 'F64', shape: [], data: new Uint8Array(Float64Array.of(value).buffer) };
}

function readScalar(name: string, tensor: NamedTensor | undefined): number {
  if (tensor?.dtype !== 'F64' || tensor.data.byteLength !== 8)
    throw new Error(`Expected the checkpoint to have the number \`${name}\` (F64), got \`${tensor?.dtype ?? 'none'}\``);
  return new DataView(tensor.data.buffer, tensor.data.byteOffset).getFloat64(0, true);
}
