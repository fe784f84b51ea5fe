/**
 * A V-MPO agent as a compiled program: it acts, tells values, and learns.
 *
 * E: environments; O: numbers of an observation; A: numbers of an action; N: samples of a batch; B: of a minibatch.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import type { RandomStream } from '../../../workflows/algorithm/random.ts';
import type { Network } from '../networks/network.ts';
import { compile } from '../tensorflow/compile.ts';
import type { CompiledProgram } from '../tensorflow/compiled-program.ts';
import type { StepContext } from '../tensorflow/definition.ts';
import { gradientsOf } from '../tensorflow/gradients.ts';
import { gather } from '../tensorflow/kernels.ts';
import type { TensorFlow } from '../tensorflow/library.ts';
import type { Tensors } from '../tensorflow/network-definition.ts';
import { normal } from '../tensorflow/random.ts';
import {
  criticNetwork,
  makeVariables,
  policyNetwork,
  type PolicyVariables,
  type Sizes,
  type Variables,
} from './agent-variables.ts';
import { standardisedReturns, updateMoments, valuesOf, type LastLayer } from './pop-art.ts';
import type { ReinforcementLearning } from './settings.ts';
import { solveTemperature, vMpoLosses, type Gaussian, type VMpoLosses } from './v-mpo.ts';

type Tf = typeof Tfjs;

/** Hyperparameters that the program takes; the others are used where returns are computed. */
export const PROGRAM_HYPERPARAMETERS = ['learningRate', 'epsilonEta', 'epsilonMu', 'epsilonSigma'] as const;

type At = StepContext<(typeof PROGRAM_HYPERPARAMETERS)[number]>;

/** What of the settings the program depends on. */
export type AgentSettings = Pick<
  ReinforcementLearning,
  | 'environments'
  | 'rollout'
  | 'minibatch'
  | 'hidden'
  | 'layerNorm'
  | 'initialDeviation'
  | 'leastDeviation'
  | 'duals'
  | 'rewardScale'
  | 'evaluationEpisodes'
>;

const ADAM_EPSILON = 1e-5;
/** Rate by which a multiplier follows its constraint, and its bounds. */
const CONTROL_RATE = 0.03;
const LEAST_ALPHA = 1e-4;
const MOST_ALPHA = 100;
/** Dual variables that follow their gradients stay above it. */
const LEAST_DUAL = 1e-8;

export class Agent {
  readonly program: CompiledProgram;
  readonly #settings: AgentSettings;
  readonly #sizes: Sizes;
  readonly #policy: Network;
  readonly #critic: Network;

  /** Compiles the program; its state is set before it is used. */
  constructor(tensorflow: TensorFlow, settings: AgentSettings, sizes: Sizes) {
    this.#settings = settings;
    this.#sizes = sizes;
    this.#policy = policyNetwork(settings, sizes);
    this.#critic = criticNetwork(settings, sizes);
    const { tfjs: tf } = tensorflow;
    const zeros = { next: () => 0, integer: () => 0, normal: () => 0 };
    const variables = makeVariables(tf, settings, sizes, () => zeros);
    try {
      this.program = compile(tensorflow, {
        variables: variables.all,
        hyperparameters: PROGRAM_HYPERPARAMETERS,
        resident: {},
        functions: { ...this.#answers(tf, variables), ...this.#updates(tf, variables) },
      });
    } finally {
      tf.dispose(Object.values(variables.all));
    }
  }

  /** Bytes of its state. */
  get stateBytes(): number {
    return (
      4 * this.program.variables.reduce((sum, { shape }) => sum + shape.reduce((size, length) => size * length, 1), 0)
    );
  }

  /** Returns the values that everything begins with. */
  initialState({ tfjs: tf }: TensorFlow, stream: (name: string) => RandomStream): Map<string, Float32Array> {
    const { all } = makeVariables(tf, this.#settings, this.#sizes, stream);
    try {
      const values = Object.entries(all).map(
        ([name, variable]) => [name, variable.dataSync<'float32'>().slice()] as const,
      );
      return new Map(values);
    } finally {
      tf.dispose(Object.values(all));
    }
  }

  /** Functions that change nothing. */
  #answers(tf: Tf, { target, critic, moments, all }: Variables) {
    const { environments, evaluationEpisodes } = this.#settings;
    const values = (observations: Tfjs.Tensor): Tfjs.Tensor => {
      const outputs = this.#criticOutputs(tf, critic, observations);
      return this.#hasPopArt ? valuesOf(outputs, moments) : outputs;
    };
    const observed = (count: number) =>
      ({ observations: { dtype: 'float32', shape: [count, this.#sizes.observations] } }) as const;
    return {
      /** The target policy acts: means and actions [E, A], values [E]. */
      act: {
        repeats: false,
        inputs: observed(environments),
        run: ({ observations }: Tensors, at: At) => {
          const { means, logDeviations } = this.#gaussian(tf, target, observations!);
          const actions = means.add(logDeviations.exp().mul(normal(tf, at.key, means.shape)));
          return { means, actions, values: values(observations!) };
        },
      },
      value: {
        repeats: false,
        inputs: observed(environments),
        run: ({ observations }: Tensors) => ({ values: values(observations!) }),
      },
      /** The target policy's means in evaluation episodes. */
      answer: {
        repeats: false,
        inputs: observed(evaluationEpisodes),
        run: ({ observations }: Tensors) => ({ means: this.#gaussian(tf, target, observations!).means }),
      },
      check: {
        repeats: false,
        inputs: {},
        run: () => {
          const finite = Object.values(all).map((variable) => tf.isFinite(variable).all());
          return { finite: finite.reduce((one, other) => tf.logicalAnd(one, other)).cast('int32') };
        },
      },
    } as const;
  }

  #updates(tf: Tf, variables: Variables) {
    const { environments, rollout, minibatch } = this.#settings;
    const { observations, actions } = this.#sizes;
    const whole = (...shape: readonly number[]) =>
      ({ dtype: 'float32', shape: [environments * rollout, ...shape], per: 'call' }) as const;
    return {
      learn: {
        repeats: true,
        inputs: {
          rows: { dtype: 'int32', shape: [minibatch] },
          observations: whole(observations),
          actions: whole(actions),
          means: whole(actions),
          advantages: whole(),
          returns: whole(),
        },
        run: ({ rows, ...batch }: Tensors, at: At) => {
          const chosen = Object.entries(batch).map(([name, all]) => [name, gather(tf, all, rows!)] as const);
          return this.#learn(tf, variables, Object.fromEntries(chosen), at);
        },
      },
      copyTarget: {
        repeats: false,
        inputs: {},
        run: () => {
          const { policy, target } = variables;
          for (const [name, variable] of Object.entries(target.network)) variable.assign(policy.network[name]!.clone());
          target.logDeviations.assign(policy.logDeviations.clone());
        },
      },
    } as const;
  }

  /** One update of all that is trained, and of the dual variables. Returns the components of the loss. */
  #learn(tf: Tf, variables: Variables, batch: Tensors, at: At): Record<string, Tfjs.Tensor> {
    const { policy, critic, duals, moments, trained, optimizer } = variables;
    const isSolved = this.#settings.duals === 'solved';
    const { learningRate, epsilonEta } = at.hyperparameters;
    if (isSolved) duals.temperature.assign(solveTemperature(tf, batch['advantages']!, epsilonEta));
    if (this.#hasPopArt) updateMoments(tf, moments, lastLayer(critic), batch['returns']!);
    const kept: VMpoLosses[] = [];
    const { gradients } = gradientsOf(tf, trained, () => {
      const losses = this.#losses(tf, variables, batch, at);
      for (const loss of Object.values(losses)) tf.keep(loss as Tfjs.Tensor);
      kept.push(losses);
      const total = losses.policy.add(losses.divergence).add(losses.value);
      return (isSolved ? total : total.add(losses.temperature).add(losses.multipliers)).asScalar();
    });
    const { weights, ...losses } = kept[0]!;
    optimizer.apply(gradients, { learningRate, epsilon: ADAM_EPSILON });
    if (isSolved) controlMultipliers(tf, duals, losses, at);
    else for (const dual of Object.values(duals)) dual.assign(tf.maximum(dual, LEAST_DUAL));
    const least = Math.log(this.#settings.leastDeviation);
    policy.logDeviations.assign(tf.maximum(policy.logDeviations, least));
    const results = Object.fromEntries(Object.entries(losses).map(([name, loss]) => [name, loss.clone()]));
    tf.dispose([weights, ...Object.values(losses)]);
    return results;
  }

  #losses(tf: Tf, { policy, target, critic, duals, moments }: Variables, batch: Tensors, at: At): VMpoLosses {
    const observations = batch['observations']!;
    const samples = {
      policy: this.#gaussian(tf, policy, observations),
      target: { means: batch['means']!, logDeviations: target.logDeviations },
      actions: batch['actions']!,
      advantages: batch['advantages']!,
      // With PopArt both are standardised.
      values: this.#criticOutputs(tf, critic, observations),
      returns: this.#hasPopArt ? standardisedReturns(batch['returns']!, moments) : batch['returns']!,
    };
    return vMpoLosses(tf, samples, duals, at.hyperparameters);
  }

  #gaussian(tf: Tf, { network, logDeviations }: PolicyVariables, observations: Tfjs.Tensor): Gaussian {
    return { means: this.#policy.apply(tf, observations, network), logDeviations };
  }

  get #hasPopArt(): boolean {
    return this.#settings.rewardScale === 'pop-art';
  }

  #criticOutputs(tf: Tf, critic: Variables['critic'], observations: Tfjs.Tensor): Tfjs.Tensor {
    return this.#critic.apply(tf, observations, critic).squeeze([1]);
  }
}

function lastLayer(critic: Variables['critic']): LastLayer {
  return { kernel: critic['output/kernel']!, bias: critic['output/bias']! };
}

/** Moves each multiplier up if its divergence is above the bound, and down if it is below. Not in the paper. */
function controlMultipliers(
  tf: Tf,
  { alphaMean, alphaDeviation }: Variables['duals'],
  { klMean, klDeviation }: Pick<VMpoLosses, 'klMean' | 'klDeviation'>,
  { hyperparameters: { epsilonMu, epsilonSigma } }: At,
): void {
  for (const [alpha, divergence, bound] of [
    [alphaMean, klMean, epsilonMu],
    [alphaDeviation, klDeviation, epsilonSigma],
  ] as const) {
    const excess = divergence.div(bound).sub(1).clipByValue(-1, 1);
    alpha.assign(alpha.mul(excess.mul(CONTROL_RATE).exp()).clipByValue(LEAST_ALPHA, MOST_ALPHA));
  }
}
