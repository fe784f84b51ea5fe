/**
 * A compiled program: its state, its hyperparameters, its functions.
 */
import type { EncodedProgram, FunctionSignature, ProgramSignature } from './definition.ts';
import { checkNames, fedType, feedOf, type Call, type TensorProgram } from './tensor-program.ts';
import type { TensorFlow } from './library.ts';
import { Program, type Feed, ResidentTensor } from './program.ts';
import type { TensorValues } from './protobuf.ts';

export class CompiledProgram implements TensorProgram {
  readonly #signature: ProgramSignature;
  readonly #program: Program;
  #resident: Readonly<Record<string, ResidentTensor>>;

  /** The data sets stay the caller's, to dispose of after the program. */
  constructor(
    { binding }: TensorFlow,
    { graph, signature }: EncodedProgram,
    resident: Readonly<Record<string, ResidentTensor>>,
  ) {
    this.#signature = signature;
    this.#resident = resident;
    this.#program = new Program(binding, graph);
  }

  get variables(): ProgramSignature['variables'] {
    return this.#signature.variables;
  }

  setState(values: ReadonlyMap<string, TensorValues>): void {
    const { variables } = this.#signature;
    checkNames(
      'state',
      [...values.keys()],
      variables.map(({ name }) => name),
    );
    const feeds = variables.map((variable, index): [string, Feed] => [
      `variables/${index}/set`,
      feedOf(`state \`${variable.name}\``, variable, values.get(variable.name)!),
    ]);
    this.#program.run(Object.fromEntries(feeds), ['variables/set']);
  }

  getState(): Map<string, TensorValues> {
    const { variables } = this.#signature;
    if (variables.length === 0) return new Map();
    const values = this.#program.run(
      {},
      variables.map((_, index) => `variables/${index}/get`),
    );
    return new Map(variables.map(({ name }, index) => [name, values[index]!]));
  }

  setHyperparameters(values: Readonly<Record<string, number>>): void {
    const { hyperparameters } = this.#signature;
    checkNames('hyperparameters', Object.keys(values), hyperparameters);
    const feeds = hyperparameters.map((name): [string, Feed] => [
      `hyperparameters/${name}/set`,
      { shape: [], values: Float32Array.of(values[name]!) },
    ]);
    this.#program.run(Object.fromEntries(feeds), ['hyperparameters/set']);
  }

  getHyperparameters(): Record<string, number> {
    const { hyperparameters } = this.#signature;
    if (hyperparameters.length === 0) return {};
    const values = this.#program.run(
      {},
      hyperparameters.map((name) => `hyperparameters/${name}/get`),
    );
    return Object.fromEntries(hyperparameters.map((name, index) => [name, values[index]![0]!]));
  }

  setResident(resident: Readonly<Record<string, ResidentTensor>>): void {
    this.#resident = resident;
  }

  run(name: string, { steps = 1, firstStep = 0, key = [0, 0], inputs = {} }: Call = {}): Record<string, TensorValues> {
    const signature = this.#signature.functions[name];
    if (!signature)
      throw new Error(`Expected a function of ${Object.keys(this.#signature.functions).join(', ')}, got \`${name}\``);
    checkNames(`inputs of \`${name}\``, Object.keys(inputs), Object.keys(signature.inputs));
    const feeds = {
      ...(signature.repeats ? { [`${name}/steps`]: { shape: [], values: Int32Array.of(steps) } } : {}),
      [`${name}/firstStep`]: { shape: [], values: Int32Array.of(firstStep) },
      [`${name}/key`]: { shape: [2], values: Int32Array.from(key) },
      ...inputFeeds(name, signature, steps, inputs),
      ...Object.fromEntries(signature.resident.map((data) => [`resident/${data}`, this.#resident[data]!])),
    };
    const { outputs } = signature;
    const fetches = outputs.length > 0 ? outputs.map((output) => `${name}/outputs/${output}`) : [`${name}/done`];
    const values = this.#program.run(feeds, fetches);
    return Object.fromEntries(outputs.map((output, index) => [output, values[index]!]));
  }

  dispose(): void {
    this.#program.dispose();
  }
}

function inputFeeds(
  name: string,
  { inputs: definitions, repeats }: FunctionSignature,
  steps: number,
  inputs: Call['inputs'] & object,
): Record<string, Feed | ResidentTensor> {
  const entries = Object.entries(definitions).map(([input, definition]): [string, Feed | ResidentTensor] => {
    const given = inputs[input]!;
    if (given instanceof ResidentTensor) return [`${name}/inputs/${input}`, given];
    const type = fedType(definition, repeats ? steps : undefined);
    return [`${name}/inputs/${input}`, feedOf(`input \`${input}\` of \`${name}\``, type, given)];
  });
  return Object.fromEntries(entries);
}
