/**
 * What an agent consists of: policy, target policy and critic, the dual variables, and Adam's slots.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import type { RandomStream } from '../../../workflows/algorithm/random.ts';
import type { EnvironmentDefinition } from '../environments/environment.ts';
import { activation, dense } from '../networks/layers.ts';
import { Network } from '../networks/network.ts';
import { adam, type AdamRates, type Optimizer, type Parameters } from '../tensorflow/optimizers.ts';
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
export function policyNetwork({ hidden }: Pick<ReinforcementLearning, 'hidden'>, sizes: Sizes): Network {
  return tanhLayers(sizes.observations, hidden, sizes.actions, LAST_POLICY_SHARE);
}

/** Returns the network from standardised observations to values. */
export function criticNetwork({ hidden }: Pick<ReinforcementLearning, 'hidden'>, sizes: Sizes): Network {
  return tanhLayers(sizes.observations, hidden, 1, 1);
}

function tanhLayers(inputs: number, hidden: readonly number[], outputs: number, lastShare: number): Network {
  const widths = [inputs, ...hidden];
  const last = widths[hidden.length]!;
  return new Network([
    ...hidden.flatMap((units, index) => [
      dense(`hidden-${index}`, widths[index]!, units),
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
  { initialDeviation, duals: mode, ...settings }: Pick<ReinforcementLearning, 'hidden' | 'initialDeviation' | 'duals'>,
  sizes: Sizes,
  stream: (name: string) => RandomStream,
): Variables {
  const made: Variables[] = [];
  tf.tidy(() => {
    const policy = {
      network: policyNetwork(settings, sizes).variables(tf, (name) => stream(`policy/${name}`)),
      logDeviations: tf.variable(tf.fill([sizes.actions], Math.log(initialDeviation))),
    };
    const critic = criticNetwork(settings, sizes).variables(tf, (name) => stream(`critic/${name}`));
    const copy = (variable: Tfjs.Variable) => tf.variable(variable.clone(), false);
    const target = {
      network: Object.fromEntries(Object.entries(policy.network).map(([name, variable]) => [name, copy(variable)])),
      logDeviations: copy(policy.logDeviations),
    };
    const dual = () => tf.variable(tf.scalar(1));
    const duals = { temperature: dual(), alphaMean: dual(), alphaDeviation: dual() };
    const trained = {
      ...named('policy/', policy.network),
      [`policy/${LOG_DEVIATIONS}`]: policy.logDeviations,
      ...named('critic/', critic),
      ...(mode === 'learned' ? namedDuals(duals) : {}),
    };
    const optimizer = adam(tf, trained);
    const all = {
      ...trained,
      ...namedDuals(duals),
      ...named(TARGET, target.network),
      [`${TARGET}${LOG_DEVIATIONS}`]: target.logDeviations,
      ...optimizer.slots,
    };
    made.push({ policy, critic, target, duals, optimizer, trained, all });
  });
  return made[0]!;
}

function namedDuals({ temperature, alphaMean, alphaDeviation }: Variables['duals']): Parameters {
  return { 'dual/temperature': temperature, 'dual/alpha-mean': alphaMean, 'dual/alpha-deviation': alphaDeviation };
}

function named(prefix: string, parameters: Parameters): Parameters {
  return Object.fromEntries(Object.entries(parameters).map(([name, variable]) => [`${prefix}${name}`, variable]));
}
