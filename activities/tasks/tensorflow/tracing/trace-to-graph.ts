/**
 * Writes a trace as nodes of a graph, once a call or in every iteration of a loop.
 *
 * Variables live outside of the graph's data flow, so their order is written as control edges: what a variable held
 * when the step began is read before it is updated or assigned. All of it follows the iteration's index, because what
 * depends on nothing of an iteration would run once more after the last.
 */
import type { Effect, Graph, Value, Variable } from '../graph.ts';
import { isSameSource, type Source, type TensorType, type Trace, type TracedOperation } from './trace.ts';

/** What the trace's inputs and variables are in the graph. */
export interface Surroundings {
  readonly inputs: (name: string) => Value;
  readonly variables: ReadonlyMap<string, Variable>;
  /** The iteration's number; undefined outside of a loop. */
  readonly index: Value | undefined;
}

/** What the trace gives: values by name, and what it does to variables. */
export interface Emitted {
  readonly outputs: Readonly<Record<string, Value>>;
  readonly effects: readonly Effect[];
}

/** Adds the trace to the graph, without the operations that nothing needs. */
export function emitTrace(graph: Graph, trace: Trace, surroundings: Surroundings): Emitted {
  return new Emitter(graph, trace, surroundings).emit();
}

/** Larger constants are not looked up. */
const MOST_SHARED_BYTES = 1024;

/**
 * Operations that add. TensorFlow makes one AddN of sums of sums, and AddN begins with whichever input's memory it may
 * write to: with the one that others are done with. So its last bit depends on the order in which threads run.
 */
const SUMS: ReadonlySet<string> = new Set(['Add', 'AddV2', 'AddN']);

/** A variable while a step is written. */
interface VariableState {
  /** What it holds now. */
  held: Source | undefined;
  /** What must have run before it changes again. */
  before: Effect[];
}

class Emitter {
  readonly #graph: Graph;
  readonly #trace: Trace;
  readonly #surroundings: Surroundings;
  readonly #start: readonly Effect[];
  readonly #needed: Needs;
  /** By the variable's name: its value when the step begins. */
  readonly #reads = new Map<string, Value>();
  /** By operation and port. */
  readonly #results = new Map<string, Value>();
  /** By operation, attributes and inputs. */
  readonly #emitted = new Map<string, readonly Value[]>();
  readonly #constants = new Map<string, Value>();
  /** Shapes of sums by the value's name, and the values that stand for them in other sums. */
  readonly #sums = new Map<string, readonly number[]>();
  readonly #ordered = new Map<string, Value>();
  readonly #states = new Map<string, VariableState>();
  readonly #effects: Effect[] = [];

  constructor(graph: Graph, trace: Trace, surroundings: Surroundings) {
    this.#graph = graph;
    this.#trace = trace;
    this.#surroundings = surroundings;
    this.#start = surroundings.index ? [{ node: surroundings.index.name }] : [];
    this.#needed = needsOf(trace);
  }

  emit(): Emitted {
    for (const name of this.#needed.variables) {
      const read = this.#graph.read(this.#variable(name), this.#start);
      this.#reads.set(name, read);
      this.#state(name).before.push({ node: read.name });
    }
    this.#trace.operations.forEach((operation, index) => {
      if (operation.updates.length > 0) this.#emitUpdate(operation, index);
      else if (this.#needed.operations.has(index)) this.#emitOperation(operation, index);
    });
    for (const [name, source] of Object.entries(this.#trace.assigned)) this.#hold(name, source);
    const outputs = Object.entries(this.#trace.outputs).map(([name, source]) => [name, this.#value(source)] as const);
    return { outputs: Object.fromEntries(outputs), effects: this.#effects };
  }

  #emitOperation({ name, attributes, inputs, outputs }: TracedOperation, index: number): void {
    const values = inputs.map((input) => this.#value(input));
    // Gradients compute some things again.
    const key = JSON.stringify([name, attributes, values.map((value) => value.name)]);
    const results =
      this.#emitted.get(key) ??
      (SUMS.has(name) ? [this.#addUp(values, outputs[0]!, attributes)] : this.#add(name, attributes, values, outputs));
    this.#emitted.set(key, results);
    results.forEach((value, port) => this.#results.set(`${index}:${port}`, value));
    if (results[0]!.loop === undefined) return;
    // An update in place copies what is still in use: let it wait.
    for (const input of inputs)
      if (input.kind === 'variable') this.#state(input.name).before.push({ node: results[0]!.name });
  }

  #add(
    name: string,
    attributes: TracedOperation['attributes'],
    values: readonly Value[],
    outputs: readonly TensorType[],
  ): readonly Value[] {
    const dtypes = outputs.map(({ dtype }) => dtype);
    const add = () => this.#graph.values(name, values, dtypes, attributes);
    // What no iteration changes is computed once a call.
    return values.every(({ loop }) => loop === undefined) ? this.#graph.outside(add) : add();
  }

  /** Adds values one after the other. */
  #addUp(values: readonly Value[], type: TensorType, { T }: TracedOperation['attributes']): Value {
    return values.reduce((one, other) => {
      const [sum] = this.#add('AddV2', { T: T! }, [this.#inOrder(one), this.#inOrder(other)], [type]);
      this.#sums.set(sum!.name, type.shape);
      return sum!;
    });
  }

  /** Returns the value such that no optimiser sees that it is a sum. */
  #inOrder(value: Value): Value {
    const shape = this.#sums.get(value.name);
    if (shape === undefined) return value;
    const known = this.#ordered.get(value.name);
    if (known) return known;
    const attributes = { T: { type: value.dtype }, shape: { shape } };
    const [ordered] = this.#add('EnsureShape', attributes, [value], [{ dtype: value.dtype, shape }]);
    this.#ordered.set(value.name, ordered!);
    return ordered!;
  }

  #emitUpdate({ name, attributes, inputs, updates }: TracedOperation, index: number): void {
    for (const update of updates) this.#hold(update.name, update.before);
    const handles = updates.map((update) => this.#variable(update.name).handle);
    const values = inputs.map((input) => this.#value(input));
    const before = updates.flatMap((update) => this.#state(update.name).before);
    const effect = this.#graph.effect(name, [...handles, ...values], attributes, [...this.#start, ...distinct(before)]);
    this.#effects.push(effect);
    updates.forEach((update, port) => {
      const state = this.#state(update.name);
      state.held = { kind: 'operation', operation: index, port, ...this.#trace.operations[index]!.outputs[port]! };
      state.before = [effect];
      if (!this.#needed.results.has(`${index}:${port}`)) return;
      const read = this.#graph.read(this.#variable(update.name), [effect]);
      this.#results.set(`${index}:${port}`, read);
      state.before.push({ node: read.name });
    });
  }

  /** Makes the variable hold the value, if it does not yet. */
  #hold(name: string, source: Source): void {
    const state = this.#state(name);
    if (holds(state.held, name, source)) return;
    const after = [...this.#start, ...distinct(state.before)];
    const effect = this.#graph.assign(this.#variable(name), this.#value(source), after);
    this.#effects.push(effect);
    state.held = source;
    state.before = [effect];
  }

  #value(source: Source): Value {
    switch (source.kind) {
      case 'input':
        return this.#surroundings.inputs(source.name);
      case 'variable':
        return this.#reads.get(source.name)!;
      case 'operation':
        return this.#results.get(`${source.operation}:${source.port}`)!;
      case 'constant':
        return this.#constant(source);
    }
  }

  /** Equal constants are one node: each costs a little in every iteration. */
  #constant({ values, shape, dtype }: Extract<Source, { kind: 'constant' }>): Value {
    const bytes = Buffer.from(values.buffer, values.byteOffset, Math.min(values.byteLength, MOST_SHARED_BYTES));
    if (bytes.byteLength < values.byteLength) return this.#graph.constant(values, shape, dtype);
    const key = `${dtype} ${shape.join()} ${bytes.toString('latin1')}`;
    const known = this.#constants.get(key);
    if (known) return known;
    const value = this.#graph.constant(values, shape, dtype);
    this.#constants.set(key, value);
    return value;
  }

  #variable(name: string): Variable {
    return this.#surroundings.variables.get(name)!;
  }

  #state(name: string): VariableState {
    const known = this.#states.get(name) ?? { held: undefined, before: [] };
    this.#states.set(name, known);
    return known;
  }
}

interface Needs {
  readonly operations: ReadonlySet<number>;
  /** Results that something takes, as `operation:port`. */
  readonly results: ReadonlySet<string>;
  /** Variables whose value at the beginning something takes. */
  readonly variables: ReadonlySet<string>;
}

/** Returns what outputs, assignments and updates need, directly or not. */
function needsOf(trace: Trace): Needs {
  const { operations, outputs } = trace;
  const needed = new Set<number>();
  const results = new Set<string>();
  const variables = new Set<string>();
  const need = (source: Source): void => {
    if (source.kind === 'variable') variables.add(source.name);
    if (source.kind !== 'operation') return;
    needed.add(source.operation);
    results.add(`${source.operation}:${source.port}`);
  };
  for (const source of [...Object.values(outputs), ...assignedSources(trace)]) need(source);
  for (let index = operations.length - 1; index >= 0; index--) {
    const { inputs, updates } = operations[index]!;
    if (updates.length > 0 || needed.has(index)) for (const input of inputs) need(input);
  }
  return { operations: needed, results, variables };
}

/** Returns what has to be assigned to variables: before updates, if they hold something else, and in the end. */
function assignedSources({ operations, assigned }: Trace): readonly Source[] {
  const held = new Map<string, Source>();
  const sources: Source[] = [];
  const hold = (name: string, source: Source): void => {
    if (!holds(held.get(name), name, source)) sources.push(source);
    held.set(name, source);
  };
  operations.forEach(({ updates, outputs }, operation) =>
    updates.forEach(({ name, before }, port) => {
      hold(name, before);
      held.set(name, { kind: 'operation', operation, port, ...outputs[port]! });
    }),
  );
  for (const [name, source] of Object.entries(assigned)) hold(name, source);
  return sources;
}

/** Returns whether a variable holds the source already; `held` is undefined if nothing has changed it yet. */
function holds(held: Source | undefined, name: string, source: Source): boolean {
  return held ? isSameSource(held, source) : source.kind === 'variable' && source.name === name;
}

function distinct(effects: readonly Effect[]): Effect[] {
  return [...new Map(effects.map((effect) => [effect.node, effect])).values()];
}
