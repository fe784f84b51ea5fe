/**
 * Optimisers whose rates are tensors, so that a compiled step serves all values of them, and whose slots are named
 * variables that belong to the state.
 *
 * w: parameter; g: its gradient; η: learning rate; λ: weight decay.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { updateVariables } from './native.ts';

type Tf = typeof Tfjs;

/** A number that stays the same, or a tensor such as a hyperparameter. */
export type Rate = number | Tfjs.Scalar;

/** Parameters by their name in checkpoints. */
export type Parameters = Readonly<Record<string, Tfjs.Variable>>;

/** Gradients by the parameter's name. */
export type Gradients = Readonly<Record<string, Tfjs.Tensor>>;

export interface Optimizer<Rates> {
  /** What belongs to the state besides the parameters, by name: `optimizer/…`. The caller disposes of it. */
  readonly slots: Parameters;
  /** Does one step: changes parameters and slots. */
  readonly apply: (gradients: Gradients, rates: Rates) => void;
}

export interface DecayOptions {
  /** Which parameters decay; default: those of rank 2 and more, so no biases and no scales. */
  readonly decays?: (name: string) => boolean;
}

const T = { T: { type: 'float32' } } as const;
const ADAM_BETA1 = 0.9;
const ADAM_BETA2 = 0.999;
const RMSPROP_RHO = 0.9;
/** As in TensorFlow; PyTorch has 1e-8. */
const EPSILON = 1e-7;

/** SGD: v ← μ·v + g + λ·w; w ← w − η·v; with Nesterov's: w ← w − η·(g + λ·w + μ·v). */
export function momentum(
  tf: Tf,
  parameters: Parameters,
  { nesterov = false, decays }: DecayOptions & { readonly nesterov?: boolean } = {},
): Optimizer<{ readonly learningRate: Rate; readonly momentum: Rate; readonly weightDecay?: Rate }> {
  const velocities = slotsOf(tf, parameters, 'momentum');
  return {
    slots: named(parameters, velocities, 'momentum'),
    apply: (gradients, { learningRate, momentum: mu, weightDecay }) => {
      const [rate, inertia] = [tensorOf(tf, learningRate), tensorOf(tf, mu)];
      for (const [name, variable] of Object.entries(parameters)) {
        const gradient = decayed(tf, name, variable, gradients, weightDecay, decays);
        const attributes = { ...T, use_locking: false, use_nesterov: nesterov };
        const held = [variable, velocities[name]!];
        updateVariables(tf, 'ResourceApplyMomentum', attributes, held, [rate, gradient, inertia]);
      }
    },
  };
}

export interface AdamRates {
  readonly learningRate: Rate;
  readonly weightDecay?: Rate;
  /** Default: 0.9. For another value, assign it to the slot `optimizer/adam-beta1-power` before the first step. */
  readonly beta1?: Rate;
  /** Default: 0.999. For another value, assign it to the slot `optimizer/adam-beta2-power` before the first step. */
  readonly beta2?: Rate;
  /** Default: 1e-7. */
  readonly epsilon?: Rate;
}

/** Adam (Kingma and Ba, arXiv 1412.6980) of g + λ·w; ε stands beside the root. */
export function adam(tf: Tf, parameters: Parameters, { decays }: DecayOptions = {}): Optimizer<AdamRates> {
  const state = adamState(tf, parameters);
  return {
    slots: state.slots,
    apply: (gradients, rates) =>
      applyAdam(tf, parameters, state, rates, (name, variable) =>
        decayed(tf, name, variable, gradients, rates.weightDecay, decays),
      ),
  };
}

/** Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101): w ← w − η·λ·w, then Adam's step of g. */
export function adamW(tf: Tf, parameters: Parameters, { decays }: DecayOptions = {}): Optimizer<AdamRates> {
  const state = adamState(tf, parameters);
  return {
    slots: state.slots,
    apply: (gradients, rates) => {
      const { learningRate, weightDecay } = rates;
      if (weightDecay !== undefined) {
        const left = tf.sub(1, tf.mul(tensorOf(tf, learningRate), tensorOf(tf, weightDecay)));
        for (const [name, variable] of Object.entries(parameters))
          if (doesDecay(name, variable, decays)) variable.assign(variable.mul(left));
      }
      applyAdam(tf, parameters, state, rates, (name) => gradientOf(gradients, name));
    },
  };
}

export interface RmspropRates {
  readonly learningRate: Rate;
  readonly momentum?: Rate;
  readonly weightDecay?: Rate;
  /** What the average keeps; default: 0.9. */
  readonly rho?: Rate;
  /** Default: 1e-7. */
  readonly epsilon?: Rate;
}

/** RMSprop of g + λ·w: s ← ρ·s + (1 − ρ)·g²; m ← μ·m + η·g / √(s + ε); w ← w − m. */
export function rmsprop(tf: Tf, parameters: Parameters, { decays }: DecayOptions = {}): Optimizer<RmspropRates> {
  const squares = slotsOf(tf, parameters, 'rmsprop-mean-square');
  const steps = slotsOf(tf, parameters, 'rmsprop-momentum');
  return {
    slots: {
      ...named(parameters, squares, 'rmsprop-mean-square'),
      ...named(parameters, steps, 'rmsprop-momentum'),
    },
    apply: (gradients, { learningRate, momentum: mu = 0, weightDecay, rho = RMSPROP_RHO, epsilon = EPSILON }) => {
      const rates = [learningRate, rho, mu, epsilon].map((rate) => tensorOf(tf, rate));
      for (const [name, variable] of Object.entries(parameters)) {
        const gradient = decayed(tf, name, variable, gradients, weightDecay, decays);
        const held = [variable, squares[name]!, steps[name]!];
        updateVariables(tf, 'ResourceApplyRMSProp', { ...T, use_locking: false }, held, [...rates, gradient]);
      }
    },
  };
}

interface AdamState {
  readonly first: Parameters;
  readonly second: Parameters;
  readonly power1: Tfjs.Variable;
  readonly power2: Tfjs.Variable;
  readonly slots: Parameters;
}

function adamState(tf: Tf, parameters: Parameters): AdamState {
  const first = slotsOf(tf, parameters, 'adam-first-moment');
  const second = slotsOf(tf, parameters, 'adam-second-moment');
  // Of the step to come: they begin as β and not as 1.
  const power1 = slot(tf, 'adam-beta1-power', tf.scalar(ADAM_BETA1));
  const power2 = slot(tf, 'adam-beta2-power', tf.scalar(ADAM_BETA2));
  const slots = {
    ...named(parameters, first, 'adam-first-moment'),
    ...named(parameters, second, 'adam-second-moment'),
    'optimizer/adam-beta1-power': power1,
    'optimizer/adam-beta2-power': power2,
  };
  return { first, second, power1, power2, slots };
}

function applyAdam(
  tf: Tf,
  parameters: Parameters,
  { first, second, power1, power2 }: AdamState,
  { learningRate, beta1 = ADAM_BETA1, beta2 = ADAM_BETA2, epsilon = EPSILON }: AdamRates,
  gradient: (name: string, variable: Tfjs.Variable) => Tfjs.Tensor,
): void {
  const rates = [learningRate, beta1, beta2, epsilon].map((rate) => tensorOf(tf, rate));
  const attributes = { ...T, use_locking: false, use_nesterov: false };
  for (const [name, variable] of Object.entries(parameters)) {
    const inputs = [power1, power2, ...rates, gradient(name, variable)];
    updateVariables(tf, 'ResourceApplyAdam', attributes, [variable, first[name]!, second[name]!], inputs);
  }
  power1.assign(tf.mul(power1, rates[1]!));
  power2.assign(tf.mul(power2, rates[2]!));
}

function slotsOf(tf: Tf, parameters: Parameters, kind: string): Parameters {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { shape }]) => [name, slot(tf, `${kind}/${name}`, tf.zeros(shape))]),
  );
}

let slotsMade = 0;

/** TensorFlow.js wants names that differ from those of all other variables of the process. */
function slot(tf: Tf, name: string, value: Tfjs.Tensor): Tfjs.Variable {
  const variable = tf.variable(value, false, `optimizer/${name}#${slotsMade++}`);
  value.dispose();
  return variable;
}

function named(parameters: Parameters, slots: Parameters, kind: string): Parameters {
  return Object.fromEntries(Object.keys(parameters).map((name) => [`optimizer/${kind}/${name}`, slots[name]!]));
}

function decayed(
  tf: Tf,
  name: string,
  variable: Tfjs.Variable,
  gradients: Gradients,
  weightDecay: Rate | undefined,
  decays: DecayOptions['decays'],
): Tfjs.Tensor {
  const gradient = gradientOf(gradients, name);
  if (weightDecay === undefined || !doesDecay(name, variable, decays)) return gradient;
  return gradient.add(variable.mul(tensorOf(tf, weightDecay)));
}

function doesDecay(name: string, { rank }: Tfjs.Variable, decays: DecayOptions['decays']): boolean {
  return decays ? decays(name) : rank >= 2;
}

function gradientOf(gradients: Gradients, name: string): Tfjs.Tensor {
  const gradient = gradients[name];
  if (!gradient) throw new Error(`Expected a gradient for each parameter, got none for \`${name}\``);
  return gradient;
}

function tensorOf(tf: Tf, rate: Rate): Tfjs.Scalar {
  return typeof rate === 'number' ? tf.scalar(rate) : rate;
}
