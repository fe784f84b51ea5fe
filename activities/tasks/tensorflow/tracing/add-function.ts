/**
 * Adds a traced function to a graph: its inputs, its loop, its results.
 */
import type { FunctionDefinition, InputDefinition } from '../definition.ts';
import type { Graph, Value, Variable } from '../graph.ts';
import { ResultArray } from './result-array.ts';
import { emitTrace } from './trace-to-graph.ts';
import type { Trace } from './trace.ts';

/** What all functions of a program share. */
export interface Shared {
  readonly variables: ReadonlyMap<string, Variable>;
  readonly hyperparameters: ReadonlyMap<string, Variable>;
  readonly resident: ReadonlyMap<string, Value>;
}

/** Adds the function under its name. Returns the names of the inputs that it takes, as the trace names them. */
export function addFunction(
  graph: Graph,
  name: string,
  definition: FunctionDefinition,
  trace: Trace,
  shared: Shared,
): ReadonlySet<string> {
  const inputs = new FunctionInputs(graph, name, definition, shared);
  if (definition.repeats) addLoop(graph, name, trace, shared, inputs);
  else {
    const { outputs, effects } = emitTrace(graph, trace, {
      inputs: (input) => inputs.value(input, undefined),
      variables: shared.variables,
      index: undefined,
    });
    for (const [output, value] of Object.entries(outputs)) graph.output(`${name}/outputs/${output}`, value, effects);
    graph.output(`${name}/done`, graph.constant(Int32Array.of(1), []), effects);
  }
  return inputs.used;
}

function addLoop(graph: Graph, name: string, trace: Trace, shared: Shared, inputs: FunctionInputs): void {
  const steps = graph.input(`${name}/steps`, 'int32', []);
  const results = Object.entries(trace.outputs).map(([output, type]) => ({
    output,
    array: new ResultArray(graph, type, steps),
  }));
  const starts = results.map(({ array }) => array.start);
  const { count, carried } = graph.repeat(steps, starts, (index, flows) => {
    const { outputs, effects } = emitTrace(graph, trace, {
      inputs: (input) => inputs.value(input, index),
      variables: shared.variables,
      index,
    });
    const writes = results.map(({ output, array }, position) => array.write(index, outputs[output]!, flows[position]!));
    return { effects, carried: writes };
  });
  results.forEach(({ output, array }, position) =>
    graph.output(`${name}/outputs/${output}`, array.read(carried[position]!)),
  );
  graph.output(`${name}/done`, count);
}

/** The inputs of a function, made when they are first taken. */
class FunctionInputs {
  readonly used = new Set<string>();
  readonly #graph: Graph;
  readonly #definition: FunctionDefinition;
  readonly #shared: Shared;
  readonly #fed: ReadonlyMap<string, Value>;
  readonly #firstStep: Value;
  readonly #key: Value;
  readonly #values = new Map<string, Value>();

  constructor(graph: Graph, name: string, definition: FunctionDefinition, shared: Shared) {
    this.#graph = graph;
    this.#definition = definition;
    this.#shared = shared;
    this.#firstStep = graph.input(`${name}/firstStep`, 'int32', []);
    this.#key = graph.input(`${name}/key`, 'int32', [2]);
    this.#fed = new Map(
      Object.entries(definition.inputs).map(([input, { dtype, shape, per }]) => {
        const fedShape = definition.repeats && per !== 'call' ? [-1, ...shape] : shape;
        return [input, graph.input(`${name}/inputs/${input}`, dtype, fedShape)];
      }),
    );
  }

  /** Returns an input of an iteration, or of the only one, by the name that the trace has for it. */
  value(name: string, index: Value | undefined): Value {
    const known = this.#values.get(name);
    if (known) return known;
    this.used.add(name);
    const value = this.#make(name, index);
    this.#values.set(name, value);
    return value;
  }

  #make(name: string, index: Value | undefined): Value {
    const graph = this.#graph;
    if (name === 'step') return index ? add(graph, this.#firstStep, index) : this.#firstStep;
    if (name === 'key') return index ? add(graph, this.#key, onSecond(graph, index)) : this.#key;
    const [kind, given] = [name.slice(0, name.indexOf('/')), name.slice(name.indexOf('/') + 1)];
    if (kind === 'resident') return this.#shared.resident.get(given)!;
    if (kind === 'hyperparameters') return graph.outside(() => graph.read(this.#shared.hyperparameters.get(given)!));
    return this.#input(this.#fed.get(given)!, this.#definition.inputs[given]!, index);
  }

  #input(fed: Value, { dtype, per }: InputDefinition, index: Value | undefined): Value {
    const graph = this.#graph;
    const toFloat = (value: Value): Value =>
      dtype === 'uint8'
        ? graph.value('Cast', [value], 'float32', { SrcT: { type: 'uint8' }, DstT: { type: 'float32' } })
        : value;
    if (!index || per === 'call') return graph.outside(() => toFloat(fed));
    const axis = graph.constant(Int32Array.of(0), []);
    const picked = graph.value('GatherV2', [fed, index, axis], dtype, {
      Tparams: { type: dtype },
      Tindices: { type: 'int32' },
      Taxis: { type: 'int32' },
    });
    return toFloat(picked);
  }
}

function add(graph: Graph, a: Value, b: Value): Value {
  return graph.value('AddV2', [a, b], 'int32', { T: { type: 'int32' } });
}

/** Returns [0, index]. */
function onSecond(graph: Graph, index: Value): Value {
  const second = graph.constant(Int32Array.of(0, 1), [2]);
  return graph.value('Mul', [second, index], 'int32', { T: { type: 'int32' } });
}
