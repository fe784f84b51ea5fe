/**
 * What an agent consists of: policy, target policy and critic, the dual variables, and Adam's slots.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import type { RandomStream } from '../../../workflows/algorithm/random.ts';
import type { EnvironmentDefinition } from '../environments/environment.ts';
import { activation, dense, layerNormalisation } from '../networks/layers.ts';
import { Network } from '../networks/network.ts';
import { adam, type AdamRates, type Optimizer, type Parameters } from '../tensorflow/optimizers.ts';
import type { Moments } from './pop-art.ts';
import type { ReinforcementLearning } from './settings.ts';
import type { Duals } from './v-mpo.ts';

type Tf = typeof Tfjs;

/** Share of the usual deviation that the policy's last layer begins with: the first means hardly depend on anything. */
const LAST_POLICY_SHARE = 0.01;

/** Numbers of an observation and of an action. */
export interface Sizes {
  readonly observations: number;
  readonly actions: number;
}

/** Returns the numbers of an environment's observations and actions. */
export function sizesOf({ observations, actions }: EnvironmentDefinition): Sizes {
  return { observations, actions: actions.low.length };
}

/** Returns the network from standardised observations to means of actions. */
export function policyNetwork(settings: NetworkSettings, sizes: Sizes): Network {
  return tanhLayers(settings, sizes.observations, sizes.actions, LAST_POLICY_SHARE);
}

/** Returns the network from standardised observations to values. */
export function criticNetwork(settings: NetworkSettings, sizes: Sizes): Network {
  return tanhLayers(settings, sizes.observations, 1, 1);
}

/** What the networks depend on. */
type NetworkSettings = Pick<ReinforcementLearning, 'hidden' | 'layerNorm'>;

function tanhLayers(
  { hidden, layerNorm }: NetworkSettings,
  inputs: number,
  outputs: number,
  lastShare: number,
): Network {
  const widths = [inputs, ...hidden];
  const last = widths[hidden.length]!;
  return new Network([
    ...hidden.flatMap((units, index) => [
      dense(`hidden-${index}`, widths[index]!, units),
      ...(layerNorm && index === 0 ? [layerNormalisation(`hidden-${index}`, units)] : []),
      activation(`hidden-${index}`, 'tanh'),
    ]),
    dense('output', last, outputs, { deviation: lastShare / Math.sqrt(last) }),
  ]);
}

/** A Gaussian policy: its network's variables, and the logarithms of its deviations, [A]. */
export interface PolicyVariables {
  readonly network: Parameters;
  readonly logDeviations: Tfjs.Variable;
}

export interface Variables {
  readonly policy: PolicyVariables;
  readonly critic: Parameters;
  /** The policy that acts. */
  readonly target: PolicyVariables;
  readonly duals: Readonly<Record<keyof Duals, Tfjs.Variable>>;
  /** Of returns, for PopArt. */
  readonly moments: Moments;
  readonly optimizer: Optimizer<AdamRates>;
  /** What Adam trains, by its name in checkpoints. */
  readonly trained: Parameters;
  /** Everything, by its name in checkpoints. */
  readonly all: Parameters;
}

/** Names of the target policy's variables in checkpoints begin so. */
export const TARGET = 'target/policy/';
export const LOG_DEVIATIONS = 'log-deviations';

/** Makes all variables as they begin, every tensor from a stream of its own. The caller disposes of `all`. */
export function makeVariables(
  tf: Tf,
  settings: NetworkSettings & Pick<ReinforcementLearning, 'initialDeviation' | 'duals'>,
  sizes: Sizes,
  stream: (name: string) => RandomStream,
): Variables {
  const made: Variables[] = [];
  tf.tidy(() => {
    const policy = {
      network: policyNetwork(settings, sizes).variables(tf, (name) => stream(`policy/${name}`)),
      logDeviations: tf.variable(tf.fill([sizes.actions], Math.log(settings.initialDeviation))),
    };
    const critic = criticNetwork(settings, sizes).variables(tf, (name) => stream(`critic/${name}`));
    const copy = (variable: Tfjs.Variable) => tf.variable(variable.clone(), false);
    const target = {
      network: Object.fromEntries(Object.entries(policy.network).map(([name, variable]) => [name, copy(variable)])),
      logDeviations: copy(policy.logDeviations),
    };
    const scalar = (value: number) => tf.variable(tf.scalar(value));
    const duals = { temperature: scalar(1), alphaMean: scalar(1), alphaDeviation: scalar(1) };
    const moments = { mean: scalar(0), second: scalar(1) };
    const trained = {
      ...named('policy/', policy.network),
      [`policy/${LOG_DEVIATIONS}`]: policy.logDeviations,
      ...named('critic/', critic),
      ...(settings.duals === 'learned' ? namedDuals(duals) : {}),
    };
    const optimizer = adam(tf, trained);
    const all = {
      ...trained,
      ...namedDuals(duals),
      'pop-art/mean': moments.mean,
      'pop-art/second-moment': moments.second,
      ...named(TARGET, target.network),
      [`${TARGET}${LOG_DEVIATIONS}`]: target.logDeviations,
      ...optimizer.slots,
    };
    made.push({ policy, critic, target, duals, moments, optimizer, trained, all });
  });
  return made[0]!;
}

function namedDuals({ temperature, alphaMean, alphaDeviation }: Variables['duals']): Parameters {
  return { 'dual/temperature': temperature, 'dual/alpha-mean': alphaMean, 'dual/alpha-deviation': alphaDeviation };
}

function named(prefix: string, parameters: Parameters): Parameters {
  return Object.fromEntries(Object.entries(parameters).map(([name, variable]) => [`${prefix}${name}`, variable]));
}
