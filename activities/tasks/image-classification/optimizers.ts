/**
 * Optimisers as operations of a TensorFlow graph: their slots are variables that checkpoints hold, their
 * hyperparameters are variables too, so that what is in effect can be read back from where the update takes it.
 */
import type { Effect, Graph, Value, Variable } from '../tensorflow/graph.ts';

/** A parameter with the loss's gradient by it. */
export interface Gradient {
  readonly variable: Variable;
  /** What the variable holds before the update. */
  readonly value: Value;
  readonly gradient: Value;
  /** Kernels decay, biases don't. */
  readonly decays: boolean;
}

export interface Optimizer {
  /** Everything to restore besides the parameters. */
  readonly state: readonly InitialisedVariable[];
  /** By the hyperparameter's name. */
  readonly hyperparameters: Readonly<Record<string, Variable>>;
  /** One step; the returned effects are all of it. */
  readonly update: (gradients: readonly Gradient[]) => readonly Effect[];
}

export interface InitialisedVariable {
  readonly variable: Variable;
  /** What every element starts as. */
  readonly initial: number;
}

const T = { T: { type: 'float32' } } as const;
const ADAM_BETA1 = 0.9;
const ADAM_BETA2 = 0.999;
const ADAM_EPSILON = 1e-7;

/** SGD with momentum: v ← μ·v + g + λ·w; w ← w − η·v, with learning rate η, momentum μ, weight decay λ. */
export function momentum(graph: Graph, parameters: readonly Variable[], decays: boolean): Optimizer {
  const velocities = slots(graph, parameters, 'momentum');
  const hyperparameters = {
    learningRate: graph.variable('hyperparameters/learningRate', []),
    momentum: graph.variable('hyperparameters/momentum', []),
    ...decay(graph, decays),
  };
  return {
    state: [...velocities.values()].map((variable) => ({ variable, initial: 0 })),
    hyperparameters,
    update: (gradients) => {
      const [rate, mu] = [graph.read(hyperparameters.learningRate), graph.read(hyperparameters.momentum)];
      const attributes = { ...T, use_locking: false, use_nesterov: false };
      return decayed(graph, gradients, hyperparameters.weightDecay).map(({ variable, gradient }) =>
        graph.effect(
          'ResourceApplyMomentum',
          [variable.handle, velocities.get(variable)!.handle, rate, gradient, mu],
          attributes,
        ),
      );
    },
  };
}

/**
 * Adam (Kingma and Ba, arXiv 1412.6980) with β₁ 0.9, β₂ 0.999, ε 1e-7 and weight decay added to the gradient, as for
 * momentum.
 */
export function adam(graph: Graph, parameters: readonly Variable[], decays: boolean): Optimizer {
  const firstMoments = slots(graph, parameters, 'adam-first-moment');
  const secondMoments = slots(graph, parameters, 'adam-second-moment');
  const power1 = graph.variable('optimizer/adam-beta1-power', []);
  const power2 = graph.variable('optimizer/adam-beta2-power', []);
  const hyperparameters = { learningRate: graph.variable('hyperparameters/learningRate', []), ...decay(graph, decays) };
  const scalar = (value: number): Value => graph.constant(Float32Array.of(value), []);
  return {
    state: [
      ...[...firstMoments.values(), ...secondMoments.values()].map((variable) => ({ variable, initial: 0 })),
      { variable: power1, initial: ADAM_BETA1 },
      { variable: power2, initial: ADAM_BETA2 },
    ],
    hyperparameters,
    update: (gradients) => {
      const rate = graph.read(hyperparameters.learningRate);
      const [beta1, beta2, epsilon] = [scalar(ADAM_BETA1), scalar(ADAM_BETA2), scalar(ADAM_EPSILON)];
      const [reached1, reached2] = [graph.read(power1), graph.read(power2)];
      const updates = decayed(graph, gradients, hyperparameters.weightDecay).map(({ variable, gradient }) =>
        graph.effect(
          'ResourceApplyAdam',
          [
            variable.handle,
            firstMoments.get(variable)!.handle,
            secondMoments.get(variable)!.handle,
            reached1,
            reached2,
            rate,
            beta1,
            beta2,
            epsilon,
            gradient,
          ],
          { ...T, use_locking: false, use_nesterov: false },
        ),
      );
      const next1 = graph.value('Mul', [reached1, beta1], 'float32', T);
      const next2 = graph.value('Mul', [reached2, beta2], 'float32', T);
      return [...updates, graph.assign(power1, next1, updates), graph.assign(power2, next2, updates)];
    },
  };
}

function slots(graph: Graph, parameters: readonly Variable[], kind: string): ReadonlyMap<Variable, Variable> {
  return new Map(
    parameters.map((parameter) => [parameter, graph.variable(`optimizer/${kind}/${parameter.name}`, parameter.shape)]),
  );
}

function decay(graph: Graph, decays: boolean): { readonly weightDecay?: Variable } {
  return decays ? { weightDecay: graph.variable('hyperparameters/weightDecay', []) } : {};
}

/** Returns g + λ·w for kernels. */
function decayed(graph: Graph, gradients: readonly Gradient[], weightDecay: Variable | undefined): readonly Gradient[] {
  if (!weightDecay) return gradients;
  const lambda = graph.read(weightDecay);
  return gradients.map((one) => {
    if (!one.decays) return one;
    const pull = graph.value('Mul', [one.value, lambda], 'float32', T);
    return { ...one, gradient: graph.value('AddV2', [one.gradient, pull], 'float32', T) };
  });
}
