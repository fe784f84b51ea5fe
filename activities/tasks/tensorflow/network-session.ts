/**
 * Trains a network that is written in plain TensorFlow.js, compiled: whole stretches of steps in one native call.
 *
 * ```ts
 * open: (settings, context) => openNetwork(context, {
 *   key: JSON.stringify(settings), batchSize: 32, hyperparameters: ['learningRate'],
 *   data: { key: 'my-data', load: () => ({ x: { shape: [1000, 4], values: x }, y: { shape: [1000], values: y } }),
 *     training, objective },
 *   model: (tf, stream) => {
 *     const kernel = tf.variable(normal(tf, stream('kernel'), [4, 3]));
 *     const optimizer = momentum(tf, { kernel });
 *     return { weights: { kernel }, slots: optimizer.slots, optimizer };
 *   },
 *   step: (tf, { weights, optimizer }, { x, y }, at) => {
 *     const { gradients } = gradientsOf(tf, weights, () => lossOf(tf, x.matMul(weights.kernel), y));
 *     optimizer.apply(gradients, { learningRate: at.hyperparameters.learningRate, momentum: 0.9 });
 *   },
 *   measure: (tf, { weights }, { x, y }) => ({ correct: x.matMul(weights.kernel).argMax(1).equal(y) }),
 *   score: ({ correct }, rows) => correct[0] / rows,
 * })
 * ```
 *
 * Everything random follows from the seed and the worker: first values, the order of batches (a permutation an epoch),
 * the key of each step. What workers share is cached in the process: data, prepared objective, compiled programs.
 */
import { LruCache } from '../../../workflows/algorithm/lru-cache.ts';
import { randomStream } from '../../../workflows/algorithm/index.ts';
import type { HyperparameterValues } from '../../../workflows/algorithm/hyperparameters.ts';
import type { Score } from '../../../workflows/algorithm/curve.ts';
import { BatchOrder } from '../datasets/split.ts';
import { scoreOf } from '../score.ts';
import type { Report, Session, SessionContext, State } from '../task.ts';
import { readTensor, tensorOf, zerosOf, type VariableType } from './checkpoint-tensors.ts';
import { allVariables, CompiledNetwork, makeModel } from './compiled-network.ts';
import { loadTensorFlow, type TensorFlow } from './library.ts';
import {
  counted,
  rowsOf,
  rowsOfFeeds,
  rowsOfStream,
  sumMeasurements,
  type MeasuredBatches,
  type Measurement,
} from './measured-rows.ts';
import type { NetworkDefinition, NetworkModel } from './network-definition.ts';
import type { TensorValues } from './protobuf.ts';
import { partsAhead, type PartsAhead } from './row-streams.ts';
import { leaseObjective, type MeasuredBatch } from './shared-data.ts';
import type { Lease } from './shared-values.ts';
import { firstKey, keyAt, type StepKey } from './step-keys.ts';

/** What compiled programs that nobody uses may take together. */
const MOST_PROGRAM_BYTES = 2 ** 28;
/** What a program takes besides its state. */
const PROGRAM_BYTES = 2 ** 23;

const networks = new LruCache<string, CompiledNetwork>(
  MOST_PROGRAM_BYTES,
  ({ stateBytes }) => PROGRAM_BYTES + 2 * stateBytes,
  (network) => network.dispose(),
);

/**
 * Opens a session that trains the network.
 *
 * @throws TraceRefused if a function of the network does what compiled steps cannot repeat
 */
export async function openNetwork<
  Model extends NetworkModel,
  Column extends string = string,
  Input extends string = Column,
  const Hyperparameter extends string = string,
  Measured extends string = string,
>(
  context: SessionContext,
  definition: NetworkDefinition<Model, Column, Input, Hyperparameter, Measured>,
): Promise<Session> {
  const tensorflow = loadTensorFlow();
  const plain = definition as unknown as NetworkDefinition;
  const { key, data, batchSize, parts, eager, measuredAtOnce, constants, hyperparameters } = plain;
  const whole = JSON.stringify([
    key,
    data.key,
    data.objective.length,
    batchSize,
    parts,
    eager,
    measuredAtOnce,
    hyperparameters,
    constants,
  ]);
  const known = networks.take(whole);
  await known?.resume(plain);
  const network = known ?? (await CompiledNetwork.create(tensorflow, plain));
  return new NetworkSession(tensorflow, context, plain, whole, network);
}

class NetworkSession implements Session {
  readonly #tensorflow: TensorFlow;
  readonly #context: SessionContext;
  readonly #definition: NetworkDefinition;
  readonly #key: string;
  readonly #order: BatchOrder;
  readonly #firstKey: StepKey;
  readonly #ahead: PartsAhead | undefined;
  #network: CompiledNetwork | undefined;
  #objective: Lease<readonly MeasuredBatch[]> | undefined;

  constructor(
    tensorflow: TensorFlow,
    context: SessionContext,
    definition: NetworkDefinition,
    key: string,
    network: CompiledNetwork,
  ) {
    const { seed, worker } = context;
    this.#tensorflow = tensorflow;
    this.#context = context;
    this.#definition = definition;
    this.#key = key;
    this.#order = new BatchOrder(seed, worker, definition.data.training, definition.batchSize);
    this.#firstKey = firstKey(randomStream(seed, 'step keys', worker));
    this.#network = network;
    this.#ahead = partsAhead(definition, this.#order);
  }

  get waitedMs(): number {
    return this.#ahead?.waitedMs ?? 0;
  }

  expect(fromStep: number, toStep: number): void {
    const { parts = 1 } = this.#definition;
    this.#ahead?.expect(fromStep * parts, toStep * parts);
  }

  initialise(): void {
    const { tfjs: tf } = this.#tensorflow;
    const { seed, worker } = this.#context;
    const model = makeModel(tf, this.#definition, (name) => randomStream(seed, 'initialisation', worker, name));
    const variables = allVariables(model);
    const values = Object.entries(variables).map(([name, variable]) => [name, variable.dataSync().slice()] as const);
    tf.dispose(Object.values(variables));
    this.#begin(new Map(values));
  }

  restore(state: State): void {
    const network = this.#open();
    const { variables } = network.program;
    const isScratch = ({ name }: VariableType): boolean => network.scratch.has(name);
    const values = new Map(
      variables.map((variable) => [
        variable.name,
        isScratch(variable) ? zerosOf(variable) : readTensor(variable, state.get(variable.name)),
      ]),
    );
    const stored = new Set(variables.filter((variable) => !isScratch(variable)).map(({ name }) => name));
    const unknown = [...state.keys()].find((name) => !stored.has(name));
    if (unknown !== undefined)
      throw new Error(`Expected the checkpoint to have only tensors of this model and optimiser, got \`${unknown}\``);
    this.#begin(values);
  }

  effectiveHyperparameters(): HyperparameterValues {
    const { constants, rowHyperparameters } = this.#definition;
    return { ...constants, ...rowHyperparameters, ...this.#open().program.getHyperparameters() };
  }

  train(fromStep: number, toStep: number): void | Promise<void> {
    if (this.#ahead) return this.#trainStreamed(this.#ahead, fromStep, toStep);
    const { parts = 1, endStep } = this.#definition;
    if (!endStep) return this.#trainParts(fromStep, toStep, { rows: this.#order.batches(fromStep, toStep) });
    for (let step = fromStep; step < toStep; step++) {
      this.#trainParts(step * parts, (step + 1) * parts, { rows: this.#order.batches(step, step + 1) });
      this.#endStep(step);
    }
  }

  async measure(): Promise<Score> {
    const network = this.#open();
    const { objective, load } = this.#definition.data;
    if (typeof load !== 'function') return this.#score(rowsOfStream(network, load, objective));
    this.#objective ??= await leaseObjective(this.#key, objective, (rows) => network.prepareRows(rows));
    return this.#score(counted(this.#objective.value, objective.length, network.chunk));
  }

  save(): State {
    const { program, scratch } = this.#open();
    const values = program.getState();
    return new Map(
      program.variables
        .filter(({ name }) => !scratch.has(name))
        .map((variable) => [variable.name, tensorOf(variable, values.get(variable.name)!)]),
    );
  }

  async report(): Promise<Report> {
    const { data, exports } = this.#definition;
    const network = this.#open();
    const state = this.save();
    const weights = new Map(network.weights.map((name) => [name, state.get(name)!]));
    const { untouched } = data;
    return {
      testScore: await this.#score(await this.#testRows()),
      ...(untouched ? { untouchedScore: await this.#score(this.#batches(untouched)) } : {}),
      weights,
      exports: exports ? await exports({ weights, measure: (values) => this.#measureOnce(values) }) : [],
    };
  }

  dispose(): void {
    this.#objective?.release();
    this.#network?.suspend();
    if (this.#network) networks.set(this.#key, this.#network);
    this.#objective = undefined;
    this.#network = undefined;
  }

  async #trainStreamed(ahead: PartsAhead, fromStep: number, toStep: number): Promise<void> {
    const { parts = 1 } = this.#definition;
    for (let step = fromStep; step < toStep; step++) {
      for (let part = step * parts; part < (step + 1) * parts; part++)
        this.#trainParts(part, part + 1, await ahead.take(part));
      this.#endStep(step);
    }
  }

  /** Runs the parts fromPart … toPart − 1 of batches: whole batches if they have one part. */
  #trainParts(fromPart: number, toPart: number, inputs: Readonly<Record<string, TensorValues>>): void {
    this.#open().program.run('train', {
      steps: toPart - fromPart,
      firstStep: fromPart,
      // A program counts on from the key that a call begins with.
      key: keyAt(this.#firstKey, fromPart),
      inputs,
    });
  }

  #endStep(step: number): void {
    if (!this.#definition.endStep) return;
    this.#open().program.run('endStep', { firstStep: step, key: keyAt(this.#firstKey, step) });
  }

  #open(): CompiledNetwork {
    if (!this.#network) throw new Error('Cannot use a session: it has been disposed of');
    return this.#network;
  }

  #begin(values: ReadonlyMap<string, TensorValues>): void {
    const { program } = this.#open();
    program.setState(values);
    const { hyperparameters } = this.#context;
    const names = this.#definition.hyperparameters;
    // A report trains nothing.
    if (names.every((name) => name in hyperparameters))
      program.setHyperparameters(Object.fromEntries(names.map((name) => [name, Number(hyperparameters[name])])));
  }

  #batches(rows: Uint32Array): MeasuredBatches {
    const { load } = this.#definition.data;
    const network = this.#open();
    return typeof load === 'function' ? rowsOf(network, rows) : rowsOfStream(network, load, rows);
  }

  /** Returns the rows that the report measures. */
  async #testRows(): Promise<MeasuredBatches> {
    const { test, objective } = this.#definition.data;
    if (!test || !('load' in test)) return this.#batches(test ?? objective);
    const { load, rows } = test;
    const network = this.#open();
    if (typeof load === 'function') return rowsOfFeeds(network, await load());
    return rowsOfStream(
      network,
      load,
      Uint32Array.from({ length: rows }, (_, row) => row),
    );
  }

  async #score(batches: MeasuredBatches): Promise<Score> {
    const measured = await sumMeasurements(this.#open().program, batches);
    return scoreOf(measured && this.#definition.score(measured.sums, measured.rows));
  }

  async #measureOnce(values: NetworkDefinition['measure']): Promise<Measurement | undefined> {
    const network = this.#open();
    const state = network.program.getState();
    const batches = await this.#testRows();
    const program = network.compileMeasurement(this.#definition, values);
    try {
      program.setState(new Map(network.weights.map((name) => [name, state.get(name)!])));
      return await sumMeasurements(program, batches);
    } finally {
      program.dispose();
    }
  }
}
