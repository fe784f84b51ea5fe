/**
 * Traces a function of tensors: runs it twice on examples, records what it does, and refuses what a graph cannot do.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { compareTraces } from './compare-traces.ts';
import { tensorIdsUsed, type TensorFlow } from '../library.ts';
import { Recorder } from './recorder.ts';
import { SITE_FRAMES, TraceRefused } from './refusal.ts';
import type { Dtype } from '../protobuf.ts';
import type { Source, Trace } from './trace.ts';

export type NamedTensors = Readonly<Record<string, Tfjs.Tensor>>;

export interface TracedFunction {
  /** All state that the function reads or changes. They hold what they held after the trace. */
  readonly variables: Readonly<Record<string, Tfjs.Variable>>;
  /** Makes the example tensors, by input. */
  readonly makeExamples: () => NamedTensors;
  /** Native tensors that the function takes from, by input. */
  readonly resident: Readonly<Record<string, { id: number; dtype: Dtype; shape: readonly number[] }>>;
  /** What it returns is what the graph gives. */
  readonly run: (examples: NamedTensors) => unknown;
}

/**
 * Runs the function twice and returns what it does. It leaves no tensor behind, and variables as they were.
 *
 * @throws TraceRefused if it does what compiled steps cannot repeat
 */
export function traceFunction(tensorflow: TensorFlow, traced: TracedFunction): Trace {
  const { binding } = tensorflow;
  const first = traceOnce(tensorflow, traced, undefined);
  const tensors = binding.getNumOfTensors();
  const second = traceOnce(tensorflow, traced, first.recorder);
  compareTraces(first.trace, second.trace);
  const kept = binding.getNumOfTensors() - tensors;
  if (kept > 0)
    throw new TraceRefused(
      `every step keeps ${kept} more ${kept === 1 ? 'tensor' : 'tensors'} (tf.keep)`,
      undefined,
      'Keep what the next step needs in a variable',
    );
  return second.trace;
}

function traceOnce(
  tensorflow: TensorFlow,
  traced: TracedFunction,
  previous: Recorder | undefined,
): { readonly trace: Trace; readonly recorder: Recorder } {
  const { tfjs: tf, backend, binding } = tensorflow;
  const variables = Object.entries(traced.variables);
  const registered = Object.values(tf.engine().registeredVariables);
  const listed = new Map(variables.map(([name, variable]) => [variable, name]));
  const foreign = registered.filter((variable) => !listed.has(variable));
  const idsOf = (tensors: readonly Tfjs.Tensor[]) => backend.getInputTensorIds(tensors);
  const saved = [...listed.keys(), ...foreign].map((variable) => ({ variable, value: tf.keep(variable.clone()) }));
  tf.engine().startScope();
  try {
    for (const [, variable] of variables) holdAlone(tensorflow, variable);
    const examples = traced.makeExamples();
    const foreignIds = idsOf(foreign);
    const sources = new Map<number, Source>();
    const know = (names: readonly string[], tensors: readonly Tfjs.Tensor[], kind: 'variable' | 'input') =>
      idsOf(tensors).forEach((id, index) => sources.set(id, { kind, name: names[index]!, ...typeOf(tensors[index]!) }));
    know([...listed.values()], [...listed.keys()], 'variable');
    know(Object.keys(examples), Object.values(examples), 'input');
    for (const [name, { id, dtype, shape }] of Object.entries(traced.resident))
      sources.set(id, { kind: 'input', name, dtype, shape });
    const foreignVariables = new Map(foreignIds.map((id, index) => [id, foreign[index]!.name]));
    const known = { variables: listed, sources, foreignVariables, previous };
    const recorder = new Recorder(binding, known, tensorIdsUsed(binding));
    const trace = runRecorded(tensorflow, recorder, (): Trace => {
      const outputs = asTensors(tf, recorder, traced.run(examples));
      // Here, because numbers of JavaScript become native, and recorded, when they are first taken.
      const sourcesOf = (tensors: NamedTensors) =>
        Object.fromEntries(
          Object.entries(tensors).map(([name, tensor]) => [name, recorder.source(idsOf([tensor])[0]!)]),
        );
      idsOf(foreign).forEach((id, index) => {
        if (id !== foreignIds[index]) recorder.refuseForeign(foreign[index]!.name);
      });
      const { operations } = recorder;
      return { operations, outputs: sourcesOf(outputs), assigned: sourcesOf(traced.variables) };
    });
    return { trace, recorder };
  } finally {
    for (const { variable, value } of saved) {
      variable.assign(value);
      value.dispose();
    }
    tf.engine().endScope();
  }
}

/** Gives the variable a native tensor of its own: two that were made from one tensor share it. */
function holdAlone({ backend, binding }: TensorFlow, variable: Tfjs.Variable): void {
  const [info] = binding.executeOp('Identity', [], backend.getInputTensorIds([variable]), 1);
  const own = backend.createOutputTensor(info!);
  variable.assign(own);
  own.dispose();
}

/** Runs on the recorder, with everything refused that the binding does not see. */
function runRecorded<Result>(
  { tfjs: tf, backend, binding }: TensorFlow,
  recorder: Recorder,
  run: () => Result,
): Result {
  const { random } = Math;
  const frames = Error.stackTraceLimit;
  const engine = tf.engine();
  backend.binding = recorder.asBinding();
  backend.read = () => {
    try {
      recorder.refuseReading();
    } catch {
      // Who waits for values waits for ever: a rejection that nobody handles would end the process.
    }
    return new Promise(() => undefined);
  };
  engine.makeVariable = (_value, _trainable, name) =>
    recorder.refuse(
      `it makes the variable ${name === undefined ? '' : `\`${name}\` `}in every step`,
      'Make variables before, and list them under `variables` (one step before compiling makes those of an optimiser ' +
        'of tf.train)',
    );
  Math.random = () =>
    recorder.refuse(
      'it draws a random number in JavaScript (Math.random, tf.randomUniform, tf.dropout)',
      'Use the functions of random.ts with the key `at.key`',
    );
  Error.stackTraceLimit = SITE_FRAMES;
  try {
    const result = run();
    if (recorder.refusal) throw recorder.refusal;
    return result;
  } catch (error) {
    throw recorder.refusal ?? error;
  } finally {
    Error.stackTraceLimit = frames;
    Math.random = random;
    Reflect.deleteProperty(engine, 'makeVariable');
    Reflect.deleteProperty(backend, 'read');
    backend.binding = binding;
  }
}

function asTensors(tf: typeof Tfjs, recorder: Recorder, result: unknown): NamedTensors {
  if (result === undefined) return {};
  if (result instanceof Promise) {
    result.catch(() => undefined);
    recorder.refuse('it is asynchronous: it returns a promise', 'Make it an ordinary function that waits for nothing');
  }
  const entries = typeof result === 'object' && result !== null ? Object.entries(result) : undefined;
  if (!entries?.every((entry): entry is [string, Tfjs.Tensor] => entry[1] instanceof tf.Tensor))
    recorder.refuse('it returns something else than tensors by name', 'Return nothing, or an object of tensors');
  return Object.fromEntries(entries);
}

function typeOf({ dtype, shape }: Tfjs.Tensor): { readonly dtype: Dtype; readonly shape: readonly number[] } {
  return { dtype: dtype as Dtype, shape };
}
