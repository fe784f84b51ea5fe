/**
 * Image classification: the objective is the accuracy on training images held out for it.
 *
 * What workers share is cached in the process: data set, split, measured images, the loaded network.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { randomStream } from '../../../workflows/algorithm/index.ts';
import { LruCache } from '../../../workflows/algorithm/lru-cache.ts';
import type { HyperparameterValues } from '../../../workflows/algorithm/hyperparameters.ts';
import type { Score } from '../../../workflows/algorithm/curve.ts';
import type { NamedTensor } from '../../storage/safetensors.ts';
import {
  FASHION_MNIST_CLASSES,
  FASHION_MNIST_IMAGE,
  loadFashionMnist,
  type FashionMnist,
} from '../datasets/fashion-mnist.ts';
import type { ByteImages } from '../datasets/data-set.ts';
import { loadTensorFlow } from '../tensorflow/library.ts';
import type { TensorFlow } from '../tensorflow/library.ts';
import { defineTask } from '../define-task.ts';
import type { Report, Session, SessionContext, State } from '../task.ts';
import { estimateCheckpointBytes } from './checkpoint-size.ts';
import { BatchOrder, ResidentExamples, select, split, type Split } from './examples.ts';
import { exportModel } from './export.ts';
import { layersOf } from './models.ts';
import { Network } from './network.ts';
import { hyperparametersOf, settings, type ImageClassification } from './settings.ts';

/** Images measured in one native call: bounds what the activations of convolutions take. */
const MEASURED_AT_ONCE = { perceptron: 10_000, convolutional: 500 } as const;
/** Loaded networks and measured images kept between sessions: those of a few experiments at once. */
const MOST_KEPT = 4;

const networks = new LruCache<string, Network>(MOST_KEPT, undefined, (network) => network.dispose());
const objectives = new LruCache<string, ResidentExamples>(MOST_KEPT, undefined, (examples) => examples.dispose());
/** By data directory. */
const dataSets = new LruCache<string, FashionMnist>(MOST_KEPT);
const splits = new LruCache<string, Split>(MOST_KEPT);

/** Trains a network to classify images; the score is the accuracy on held-out training images. */
export const imageClassification = defineTask<ImageClassification>({
  kind: 'image-classification',
  description: 'Train a network to classify images; the score is the accuracy on held-out training images.',
  settings,
  hyperparameters: hyperparametersOf,
  label: ({ dataset }) => dataset,
  score: () => 'accuracy',
  checkpointBytes: estimateCheckpointBytes,
  open: (specification, context) =>
    new ImageClassificationSession(loadTensorFlow(), specification, dataSetIn(context.dataDirectory), context),
});

function dataSetIn(dataDirectory: string): FashionMnist {
  const known = dataSets.get(dataDirectory);
  if (known) return known;
  const dataSet = loadFashionMnist(dataDirectory);
  dataSets.set(dataDirectory, dataSet);
  return dataSet;
}

class ImageClassificationSession implements Session {
  readonly #tensorflow: TensorFlow;
  readonly #specification: ImageClassification;
  readonly #dataSet: FashionMnist;
  readonly #context: SessionContext;
  readonly #split: Split;
  readonly #order: BatchOrder;
  readonly #networkKey: string;
  readonly #objectiveKey: string;
  #network: Network | undefined;
  #objective: ResidentExamples | undefined;

  constructor(
    tensorflow: TensorFlow,
    specification: ImageClassification,
    dataSet: FashionMnist,
    context: SessionContext,
  ) {
    const { model, optimizer, batchSize, objectiveExamples, untouchedExamples } = specification;
    const decays = (context.hyperparameters['weightDecay'] ?? 0) !== 0;
    this.#tensorflow = tensorflow;
    this.#specification = specification;
    this.#dataSet = dataSet;
    this.#context = context;
    this.#networkKey = JSON.stringify([model, optimizer, batchSize, decays]);
    this.#objectiveKey = JSON.stringify([
      context.seed,
      objectiveExamples,
      untouchedExamples,
      MEASURED_AT_ONCE[model.kind],
    ]);
    this.#split =
      splits.get(this.#objectiveKey) ??
      split(dataSet.training.count, objectiveExamples, untouchedExamples, batchSize, context.seed);
    splits.set(this.#objectiveKey, this.#split);
    this.#order = new BatchOrder(context.seed, context.worker, this.#split.training, batchSize);
    this.#network =
      networks.take(this.#networkKey) ??
      new Network(tensorflow.binding, specification, FASHION_MNIST_IMAGE, FASHION_MNIST_CLASSES, decays);
  }

  /** He initialisation: kernels normal with variance 2 / fan-in, biases 0; every tensor from a stream of its own. */
  initialise(): void {
    const network = this.#open();
    const { seed, worker, hyperparameters } = this.#context;
    const state = new Map<string, Float32Array>();
    for (const { name, shape, fanIn } of network.parameters) {
      const stream = randomStream(seed, 'initialisation', worker, name);
      const deviation = fanIn === undefined ? 0 : Math.sqrt(2 / fanIn);
      state.set(
        name,
        Float32Array.from({ length: sizeOf(shape) }, () => (deviation === 0 ? 0 : deviation * stream.normal())),
      );
    }
    for (const { variable, initial } of network.slots)
      state.set(variable.name, new Float32Array(sizeOf(variable.shape)).fill(initial));
    network.setState(state);
    network.setHyperparameters(numbersOf(hyperparameters));
  }

  restore(state: State): void {
    const network = this.#open();
    network.setState(new Map(network.state.map(({ name, shape }) => [name, readFloats(name, shape, state.get(name))])));
    const unknown = [...state.keys()].find((name) => !network.state.some((variable) => variable.name === name));
    if (unknown !== undefined)
      throw new Error(`Expected the checkpoint to have only tensors of this model and optimiser, got \`${unknown}\``);
    network.setHyperparameters(numbersOf(this.#context.hyperparameters));
  }

  effectiveHyperparameters(): HyperparameterValues {
    // A graph without weight decay has none to read: its gradients are used as they are.
    return { weightDecay: 0, ...this.#open().getHyperparameters() };
  }

  train(fromStep: number, toStep: number): void {
    const { pixels, labels } = this.#dataSet.training;
    const { batchSize } = this.#specification;
    const size = sizeOf(FASHION_MNIST_IMAGE);
    const images = new Uint8Array((toStep - fromStep) * batchSize * size);
    const classes = new Int32Array((toStep - fromStep) * batchSize);
    let position = 0;
    for (let step = fromStep; step < toStep; step++) {
      for (const index of this.#order.batch(step)) {
        images.set(pixels.subarray(index * size, (index + 1) * size), position * size);
        classes[position++] = labels[index]!;
      }
    }
    this.#open().train(toStep - fromStep, images, classes);
  }

  async measure(): Promise<Score> {
    this.#objective ??=
      objectives.take(this.#objectiveKey) ?? this.#resident(select(this.#dataSet.training, this.#split.objective));
    return this.#accuracy(this.#objective);
  }

  save(): State {
    const network = this.#open();
    const values = network.getState();
    return new Map(network.state.map(({ name, shape }) => [name, floats(shape, values.get(name)!)]));
  }

  async report(): Promise<Report> {
    const network = this.#open();
    const state = this.save();
    const weights = new Map(network.parameters.map(({ name }) => [name, state.get(name)!]));
    const { model, batchSize } = this.#specification;
    return {
      testScore: await this.#accuracyOnce(this.#dataSet.test),
      untouchedScore: await this.#accuracyOnce(select(this.#dataSet.training, this.#split.untouched)),
      weights,
      exports: await exportModel(
        this.#tensorflow.tfjs,
        layersOf(model, batchSize, FASHION_MNIST_IMAGE, FASHION_MNIST_CLASSES),
        FASHION_MNIST_IMAGE,
        weights,
      ),
    };
  }

  dispose(): void {
    if (this.#network) networks.set(this.#networkKey, this.#network);
    if (this.#objective) objectives.set(this.#objectiveKey, this.#objective);
    this.#network = undefined;
    this.#objective = undefined;
  }

  #open(): Network {
    if (!this.#network) throw new Error('Cannot use a session: it has been disposed of');
    return this.#network;
  }

  #resident(images: ByteImages): ResidentExamples {
    return new ResidentExamples(
      this.#tensorflow.binding,
      images,
      FASHION_MNIST_IMAGE,
      MEASURED_AT_ONCE[this.#specification.model.kind],
    );
  }

  async #accuracyOnce(images: ByteImages): Promise<Score> {
    const examples = this.#resident(images);
    try {
      return await this.#accuracy(examples);
    } finally {
      examples.dispose();
    }
  }

  async #accuracy({ count, batches }: ResidentExamples): Promise<Score> {
    let correct = 0;
    for (const batch of batches) {
      const ofBatch = this.#open().countCorrect(batch);
      if (ofBatch === undefined) return 'diverged';
      correct += ofBatch;
      if (batches.length > 1) await nextTurn();
    }
    return correct / count;
  }
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function numbersOf(values: HyperparameterValues): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));
}

function floats(shape: readonly number[], values: Float32Array): NamedTensor {
  return { dtype: 'F32', shape, data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

function readFloats(name: string, shape: readonly number[], tensor: NamedTensor | undefined): Float32Array {
  if (tensor?.dtype !== 'F32' || tensor.shape.join() !== shape.join()) {
    const found = tensor ? `${tensor.dtype} [${tensor.shape.join(', ')}]` : 'none';
    throw new Error(
      `Expected the checkpoint to have the tensor \`${name}\` (F32 [${shape.join(', ')}]), got \`${found}\``,
    );
  }
  // A copy: TensorFlow may keep the memory.
  return new Float32Array(tensor.data.slice().buffer);
}
