/**
 * Runs a definition operation by operation, for what cannot be compiled: many times slower, and otherwise the same.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import type { ProgramDefinition, ProgramSignature, InputDefinition, StepContext } from './definition.ts';
import type { TensorFlow } from './library.ts';
import { ResidentTensor } from './program.ts';
import type { Dtype, TensorValues } from './protobuf.ts';
import { residentData, wholeTensor } from './tracing/step-context.ts';
import { checkNames, fedType, feedOf, type Call, type TensorProgram } from './tensor-program.ts';
import { sizeOf } from '../shape-size.ts';

export class EagerProgram implements TensorProgram {
  readonly #tf: typeof Tfjs;
  readonly #definition: ProgramDefinition;
  #hyperparameters: Record<string, number> = {};
  #resident: Readonly<Record<string, ResidentTensor>>;

  /** The variables are the state; they, and the resident data, stay the caller's to dispose of. */
  constructor({ tfjs }: TensorFlow, definition: ProgramDefinition) {
    this.#tf = tfjs;
    this.#definition = definition;
    this.#resident = definition.resident;
  }

  get variables(): ProgramSignature['variables'] {
    return Object.entries(this.#definition.variables).map(([name, { dtype, shape }]) => ({
      name,
      dtype: dtype as Dtype,
      shape,
    }));
  }

  setState(values: ReadonlyMap<string, TensorValues>): void {
    const names = Object.keys(this.#definition.variables);
    checkNames('state', [...values.keys()], names);
    for (const variable of this.variables) {
      const feed = feedOf(`state \`${variable.name}\``, variable, values.get(variable.name)!);
      const value = this.#tensor(feed.values.slice(), variable.shape, variable.dtype);
      this.#definition.variables[variable.name]!.assign(value);
      value.dispose();
    }
  }

  getState(): Map<string, TensorValues> {
    return new Map(
      Object.entries(this.#definition.variables).map(([name, variable]) => [name, variable.dataSync().slice()]),
    );
  }

  setHyperparameters(values: Readonly<Record<string, number>>): void {
    checkNames('hyperparameters', Object.keys(values), this.#definition.hyperparameters);
    this.#hyperparameters = Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, Math.fround(value)]),
    );
  }

  getHyperparameters(): Record<string, number> {
    return { ...this.#hyperparameters };
  }

  setResident(resident: Readonly<Record<string, ResidentTensor>>): void {
    this.#resident = resident;
  }

  run(name: string, { steps = 1, firstStep = 0, key = [0, 0], inputs = {} }: Call = {}): Record<string, TensorValues> {
    const definition = this.#definition.functions[name];
    if (!definition)
      throw new Error(`Expected a function of ${Object.keys(this.#definition.functions).join(', ')}, got \`${name}\``);
    checkNames(`inputs of \`${name}\``, Object.keys(inputs), Object.keys(definition.inputs));
    for (const [input, given] of Object.entries(definition.inputs)) {
      const [type, values] = [fedType(given, definition.repeats ? steps : undefined), inputs[input]!];
      if (!(values instanceof ResidentTensor)) feedOf(`input \`${input}\` of \`${name}\``, type, values);
    }
    const results: Record<string, TensorValues[]> = {};
    for (let step = 0; step < (definition.repeats ? steps : 1); step++) {
      this.#tf.tidy(() => {
        const given = Object.entries(definition.inputs).map(
          ([input, type]) => [input, this.#input(type, inputs[input]!, step)] as const,
        );
        const outputs = definition.run(
          Object.fromEntries(given),
          this.#context(firstStep + step, key[0], (key[1] + step) | 0),
        );
        for (const [output, value] of Object.entries(outputs ?? {})) (results[output] ??= []).push(value.dataSync());
      });
    }
    return Object.fromEntries(Object.entries(results).map(([output, values]) => [output, concatenate(values)]));
  }

  dispose(): void {
    // All that it holds is the caller's.
  }

  #context(step: number, ...key: readonly [number, number]): StepContext {
    const tf = this.#tf;
    const hyperparameters = Object.entries(this.#hyperparameters).map(([name, value]) => [name, tf.scalar(value)]);
    return {
      hyperparameters: Object.fromEntries(hyperparameters) as StepContext['hyperparameters'],
      step: tf.scalar(step, 'int32'),
      key: tf.tensor1d([...key], 'int32'),
      resident: residentData(tf, this.#resident),
    };
  }

  #input({ dtype, shape, per }: InputDefinition, values: TensorValues | ResidentTensor, step: number): Tfjs.Tensor {
    if (values instanceof ResidentTensor) {
      const whole = wholeTensor(this.#tf, values);
      return whole.rank === shape.length ? whole : whole.gather(step);
    }
    const size = sizeOf(shape);
    const own = per === 'call' ? values.slice() : values.slice(step * size, (step + 1) * size);
    return dtype === 'uint8' ? this.#tensor(Float32Array.from(own), shape, 'float32') : this.#tensor(own, shape, dtype);
  }

  #tensor(values: TensorValues, shape: readonly number[], dtype: Dtype): Tfjs.Tensor {
    return this.#tf.tensor(values, [...shape], dtype as Tfjs.DataType);
  }
}

function concatenate(values: readonly TensorValues[]): TensorValues {
  const [first] = values;
  const length = values.reduce((sum, part) => sum + part.length, 0);
  const all =
    first instanceof Float32Array
      ? new Float32Array(length)
      : first instanceof Int32Array
        ? new Int32Array(length)
        : new Uint8Array(length);
  values.reduce((offset, part) => (all.set(part, offset), offset + part.length), 0);
  return all;
}
