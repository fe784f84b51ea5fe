/**
 * A network with its optimiser as a TensorFlow program: whole stretches of steps, and whole measurements, in one native
 * call.
 */
import type { NativeBinding } from '../tensorflow/library.ts';
import { Graph, type Value, type Variable } from '../tensorflow/graph.ts';
import { Program, type Feed } from '../tensorflow/program.ts';
import { layersOf, type ImageShape } from './models.ts';
import { adam, momentum, type InitialisedVariable, type Optimizer } from './optimizers.ts';
import { PIXEL_OFFSET, PIXEL_SCALE, type ResidentBatch } from './examples.ts';
import type { Application, Layer, Parameter } from './layers.ts';
import type { ImageClassification } from './settings.ts';

const T = { T: { type: 'float32' } } as const;
const INT = { T: { type: 'int32' } } as const;

export class Network {
  readonly parameters: readonly Parameter[];
  /** Optimiser state in the order of `state`. */
  readonly slots: readonly InitialisedVariable[];
  /** Names of the hyperparameters that the graph has. */
  readonly hyperparameters: readonly string[];
  readonly #batchSize: number;
  readonly #image: ImageShape;
  readonly #state: readonly Variable[];
  readonly #program: Program;

  /** `decays`: whether the graph has weight decay at all; without, each step is cheaper by two operations a kernel. */
  constructor(binding: NativeBinding, task: ImageClassification, image: ImageShape, classes: number, decays: boolean) {
    const layers = layersOf(task.model, task.batchSize, image, classes);
    const graph = new Graph();
    this.#batchSize = task.batchSize;
    this.#image = image;
    this.parameters = layers.flatMap(({ parameters }) => parameters);
    const weights = this.parameters.map(({ name, shape }) => graph.variable(name, shape));
    const optimizer = (task.optimizer === 'adam' ? adam : momentum)(graph, weights, decays);
    this.slots = optimizer.state;
    this.hyperparameters = Object.keys(optimizer.hyperparameters);
    this.#state = [...weights, ...optimizer.state.map(({ variable }) => variable)];
    buildTraining(graph, layers, weights, optimizer, task.batchSize, image);
    buildMeasurement(graph, layers, weights, image);
    buildAccess(graph, 'state', this.#state);
    buildAccess(graph, 'hyperparameters', Object.values(optimizer.hyperparameters));
    this.#program = new Program(binding, graph.encode());
  }

  /** Variables of a checkpoint: parameters, then slots. */
  get state(): readonly { readonly name: string; readonly shape: readonly number[] }[] {
    return this.#state;
  }

  /** Sets the whole state, values by name. */
  setState(values: ReadonlyMap<string, Float32Array>): void {
    this.#program.run(
      Object.fromEntries(this.#state.map(({ name, shape }) => [`${name}/set`, { shape, values: values.get(name)! }])),
      ['state/set'],
    );
  }

  /** Returns the whole state, values by name. */
  getState(): Map<string, Float32Array> {
    const values = this.#program.run(
      {},
      this.#state.map(({ name }) => `${name}/get`),
    );
    return new Map(this.#state.map(({ name }, index) => [name, values[index] as Float32Array]));
  }

  /** Sets the hyperparameters that the graph has; those not given become 0. */
  setHyperparameters(values: Readonly<Record<string, number>>): void {
    const feeds = Object.fromEntries(
      this.hyperparameters.map((name) => [
        `hyperparameters/${name}/set`,
        { shape: [], values: Float32Array.of(values[name] ?? 0) },
      ]),
    );
    this.#program.run(feeds, ['hyperparameters/set']);
  }

  /** Returns what the optimiser's update will use. */
  getHyperparameters(): Record<string, number> {
    const values = this.#program.run(
      {},
      this.hyperparameters.map((name) => `hyperparameters/${name}/get`),
    );
    return Object.fromEntries(this.hyperparameters.map((name, index) => [name, values[index]![0]!]));
  }

  /**
   * Trains one step on each batch; `images` [steps, B, H, W, C] and `labels` [steps, B] are fresh arrays that become
   * TensorFlow's.
   */
  train(steps: number, images: Uint8Array, labels: Int32Array): void {
    this.#program.run(
      {
        images: { shape: [steps, this.#batchSize, ...this.#image], values: images },
        labels: { shape: [steps, this.#batchSize], values: labels },
        steps: scalar(steps),
      },
      ['trained'],
    );
  }

  /** Returns how many of the examples are classified correctly; undefined if a logit or a weight is not finite. */
  countCorrect({ images, labels }: ResidentBatch): number | undefined {
    const [correct, finite] = this.#program.run({ 'measured/images': images, 'measured/labels': labels }, [
      'correct',
      'finite',
    ]);
    return finite![0] === 1 ? correct![0]! : undefined;
  }

  dispose(): void {
    this.#program.dispose();
  }
}

function scalar(value: number): Feed {
  return { shape: [], values: Int32Array.of(value) };
}

/** Each iteration takes its batch, goes forward and back, and updates the weights in place. */
function buildTraining(
  graph: Graph,
  layers: readonly Layer[],
  weights: readonly Variable[],
  optimizer: Optimizer,
  batchSize: number,
  image: ImageShape,
): void {
  const pixels = graph.input('images', 'uint8', [-1, batchSize, ...image]);
  const labels = graph.input('labels', 'int32', [-1, batchSize]);
  const steps = graph.input('steps', 'int32', []);
  const scale = graph.constant(Float32Array.of(PIXEL_SCALE), []);
  const offset = graph.constant(Float32Array.of(PIXEL_OFFSET), []);
  const perExample = graph.constant(Float32Array.of(1 / batchSize), []);
  const firstAxis = graph.constant(Int32Array.of(0), []);
  const { count } = graph.repeat(steps, [], (step) => {
    const pick = (values: Value): Value =>
      graph.value('GatherV2', [values, step, firstAxis], values.dtype, {
        Tparams: { type: values.dtype },
        Tindices: { type: 'int32' },
        Taxis: { type: 'int32' },
      });
    const bytes = graph.value('Cast', [pick(pixels)], 'float32', {
      SrcT: { type: 'uint8' },
      DstT: { type: 'float32' },
    });
    const input = graph.value('AddV2', [graph.value('Mul', [bytes, scale], 'float32', T), offset], 'float32', T);
    const values = weights.map((variable) => graph.read(variable));
    const applications = applyAll(graph, layers, input, values);
    const logits = applications.at(-1)!.output; // [B, classes]
    const [, unscaled] = graph.values(
      'SparseSoftmaxCrossEntropyWithLogits',
      [logits, pick(labels)],
      ['float32', 'float32'],
      { ...T, Tlabels: { type: 'int32' } },
    );
    const loss = graph.value('Mul', [unscaled!, perExample], 'float32', T); // gradient of the mean over the batch
    const gradients = backpropagateAll(layers, applications, loss);
    const parameters = layers.flatMap((layer) => layer.parameters);
    const effects = optimizer.update(
      weights.map((variable, index) => ({
        variable,
        value: values[index]!,
        gradient: gradients[index]!,
        decays: parameters[index]!.fanIn !== undefined,
      })),
    );
    return { effects, carried: [] };
  });
  graph.output('trained', count);
}

/** Counts correct answers, and checks whether all logits and weights are finite: not-a-number has an argmax too. */
function buildMeasurement(
  graph: Graph,
  layers: readonly Layer[],
  weights: readonly Variable[],
  image: ImageShape,
): void {
  const images = graph.input('measured/images', 'float32', [-1, ...image]);
  const labels = graph.input('measured/labels', 'int32', [-1]);
  const values = weights.map((variable) => graph.read(variable));
  const logits = applyAll(graph, layers, images, values).at(-1)!.output; // [B, classes]
  const classAxis = graph.constant(Int32Array.of(1), []);
  const answers = graph.value('ArgMax', [logits, classAxis], 'int32', {
    ...T,
    Tidx: { type: 'int32' },
    output_type: { type: 'int32' },
  });
  const right = graph.value('Cast', [graph.value('Equal', [answers, labels], 'bool', INT)], 'int32', {
    SrcT: { type: 'bool' },
    DstT: { type: 'int32' },
  });
  graph.output('correct', sumAll(graph, right, 1));
  const infinite = [logits, ...values].map((value, index) => {
    const finite = graph.value('IsFinite', [value], 'bool', T);
    return graph.value('All', [finite, axes(graph, index === 0 ? 2 : weights[index - 1]!.shape.length)], 'bool', {
      keep_dims: false,
      Tidx: { type: 'int32' },
    });
  });
  const all = infinite.reduce((a, b) => graph.value('LogicalAnd', [a, b], 'bool'));
  graph.output('finite', graph.value('Cast', [all], 'int32', { SrcT: { type: 'bool' }, DstT: { type: 'int32' } }));
}

/** Makes variables settable (`<name>/set`, all at once by `<group>/set`) and readable (`<name>/get`). */
function buildAccess(graph: Graph, group: string, variables: readonly Variable[]): void {
  const assigned = variables.map((variable) => {
    const fed = graph.input(`${variable.name}/set`, 'float32', variable.shape);
    // A copy: what is fed belongs to JavaScript, and updates write in place.
    return graph.assign(variable, graph.value('DeepCopy', [fed], 'float32', T));
  });
  graph.output(`${group}/set`, graph.constant(Int32Array.of(variables.length), []), assigned);
  for (const variable of variables) graph.output(`${variable.name}/get`, graph.read(variable));
}

function applyAll(
  graph: Graph,
  layers: readonly Layer[],
  input: Value,
  values: readonly Value[],
): readonly Application[] {
  let used = 0;
  let next = input;
  return layers.map((layer) => {
    const application = layer.apply(graph, next, values.slice(used, (used += layer.parameters.length)));
    next = application.output;
    return application;
  });
}

/** Returns the gradients by all parameters, in their order. Nothing below the first layer with parameters wants one. */
function backpropagateAll(
  layers: readonly Layer[],
  applications: readonly Application[],
  loss: Value,
): readonly Value[] {
  const first = layers.findIndex(({ parameters }) => parameters.length > 0);
  const gradients: Value[] = [];
  let gradient = loss;
  for (let index = layers.length - 1; index >= first; index--) {
    const { parameters, input } = applications[index]!.backpropagate(gradient, index > first);
    gradients.unshift(...parameters);
    if (input) gradient = input;
  }
  return gradients;
}

function sumAll(graph: Graph, value: Value, rank: number): Value {
  return graph.value('Sum', [value, axes(graph, rank)], value.dtype, {
    T: { type: value.dtype },
    keep_dims: false,
    Tidx: { type: 'int32' },
  });
}

function axes(graph: Graph, rank: number): Value {
  return graph.constant(
    Int32Array.from({ length: rank }, (_, axis) => axis),
    [rank],
  );
}
