/**
 * Builds a TensorFlow graph node by node: a whole round of training steps is then one native call.
 *
 * Why a graph: run one by one, the twenty-odd operations of a small network's step cost more in calls than in
 * arithmetic (0.8 ms against 0.15); as a graph TensorFlow runs them, and the loop around them, itself, and reuses their
 * memory.
 */
import { encodeSavedModel } from './protobuf.ts';
import type { Attribute, Dtype, NodeDefinition, TensorValues } from './protobuf.ts';

/** A tensor in a graph: one output of one node. */
export interface Value {
  /** `node` or `node:port`; what a program fetches it by. */
  readonly name: string;
  readonly dtype: Dtype;
  /** The loop that it lives in; undefined outside. */
  readonly loop: string | undefined;
}

/** A node that is run for what it does. */
export interface Effect {
  readonly node: string;
}

/** A tensor that outlives a call: weights, optimiser state, hyperparameters. */
export interface Variable {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  readonly handle: Value;
}

export type Attributes = Readonly<Record<string, Attribute>>;

/** What one iteration of a loop ends with. */
export interface Iteration {
  /** Have all run before the next iteration begins. */
  readonly effects: readonly Effect[];
  /** What the next iteration gets, in the order of the initial values. */
  readonly carried: readonly Value[];
}

export class Graph {
  readonly #nodes: NodeDefinition[] = [];
  readonly #names = new Set<string>();
  readonly #entered = new Map<string, Value>();
  #loop: string | undefined;

  /** Adds an operation with one output. */
  value(type: string, inputs: readonly Value[], dtype: Dtype, attributes: Attributes = {}): Value {
    return { name: this.#add(type, inputs, attributes), dtype, loop: this.#loop };
  }

  /** Adds an operation with several outputs. */
  values(type: string, inputs: readonly Value[], dtypes: readonly Dtype[], attributes: Attributes = {}): Value[] {
    const node = this.#add(type, inputs, attributes);
    return dtypes.map((dtype, port) => ({ name: port === 0 ? node : `${node}:${port}`, dtype, loop: this.#loop }));
  }

  /** Adds an operation that is run for what it does, after those in `after`. */
  effect(type: string, inputs: readonly Value[], attributes: Attributes = {}, after: readonly Effect[] = []): Effect {
    return { node: this.#add(type, inputs, attributes, after) };
  }

  /** Adds a tensor that each call feeds under its name; −1 in the shape: any size. */
  input(name: string, dtype: Dtype, shape: readonly number[]): Value {
    return {
      name: this.#add('Placeholder', [], { dtype: { type: dtype }, shape: { shape } }, [], name),
      dtype,
      loop: undefined,
    };
  }

  /** Names a value, so that programs can fetch it; with `after`, fetching it runs those first. */
  output(name: string, value: Value, after: readonly Effect[] = []): void {
    this.#add('Identity', [value], { T: { type: value.dtype } }, after, name);
  }

  /** Adds a constant; bytes are bool if nothing else is said. */
  constant(values: TensorValues, shape: readonly number[], dtype: Dtype = dtypeOf(values)): Value {
    const value = { constant: values, dtypeOfConstant: dtype, shapeOfConstant: shape };
    return this.outside(() => this.value('Const', [], dtype, { dtype: { type: dtype }, value }));
  }

  /** Adds a variable. What it holds before the first assignment is undefined. */
  variable(name: string, shape: readonly number[], dtype: Dtype = 'float32'): Variable {
    const attributes = { dtype: { type: dtype }, shape: { shape }, container: '', shared_name: name };
    const node = this.outside(() => this.#add('VarHandleOp', [], attributes, [], name));
    return { name, shape, dtype, handle: { name: node, dtype: 'resource', loop: undefined } };
  }

  /**
   * Reads a variable after the effects. Inside a loop without any: what it holds when the iteration begins, or later if
   * data flow requires it.
   */
  read({ handle, dtype }: Variable, after: readonly Effect[] = []): Value {
    const node = this.#add('ReadVariableOp', [handle], { dtype: { type: dtype } }, after);
    return { name: node, dtype, loop: this.#loop };
  }

  assign({ handle, dtype }: Variable, value: Value, after: readonly Effect[] = []): Effect {
    return this.effect('AssignVariableOp', [handle, value], { dtype: { type: dtype } }, after);
  }

  /**
   * Repeats `body` as often as the scalar says, one iteration strictly after the other. `body` gets the iteration's
   * number, from 0, and the carried values. Loops do not nest.
   *
   * Returns the number of iterations done, and the values that the last one carried on (the initial ones if there was
   * none); fetching any of them runs the whole loop.
   *
   * What depends on nothing of an iteration runs once more after the last: effects must follow `index`.
   */
  repeat(
    times: Value,
    initial: readonly Value[],
    body: (index: Value, carried: readonly Value[]) => Iteration,
  ): { readonly count: Value; readonly carried: readonly Value[] } {
    const loop = this.#fresh('Loop');
    const zero = this.constant(Int32Array.of(0), []);
    const one = this.constant(Int32Array.of(1), []);
    const starts = [zero, ...initial].map((value) => this.#enter(value, loop, false));
    this.#loop = loop;
    const nexts = starts.map(() => this.#fresh('NextIteration'));
    const merged = starts.map((start, position) =>
      this.value('Merge', [start, { ...start, name: nexts[position]! }], start.dtype, {
        T: { type: start.dtype },
        N: { int: 2 },
      }),
    );
    const goesOn = this.value(
      'LoopCond',
      [this.value('Less', [merged[0]!, times], 'bool', { T: { type: 'int32' } })],
      'bool',
    );
    const switched = merged.map((value) =>
      this.values('Switch', [value, goesOn], [value.dtype, value.dtype], { T: { type: value.dtype } }),
    );
    const [index, ...carried] = switched.map(([, again]) =>
      this.value('Identity', [again!], again!.dtype, { T: { type: again!.dtype } }),
    ) as [Value, ...Value[]];
    const iteration = body(index, carried);
    const following = this.value('AddV2', [index, one], 'int32', { T: { type: 'int32' } });
    [following, ...iteration.carried].forEach((value, position) =>
      this.#add('NextIteration', [value], { T: { type: value.dtype } }, iteration.effects, nexts[position]),
    );
    const exits = switched.map(([left]) => this.#add('Exit', [left!], { T: { type: left!.dtype } }));
    this.#loop = undefined;
    const [count, ...ended] = exits.map((name, position) => ({
      name,
      dtype: starts[position]!.dtype,
      loop: undefined,
    })) as [Value, ...Value[]];
    return { count, carried: ended };
  }

  /** Adds what `build` adds outside of the loop that is being built: it runs once a call. */
  outside<T>(build: () => T): T {
    const loop = this.#loop;
    this.#loop = undefined;
    try {
      return build();
    } finally {
      this.#loop = loop;
    }
  }

  /** Returns the graph as the content of a `saved_model.pb`. */
  encode(): Uint8Array {
    return encodeSavedModel(this.#nodes);
  }

  #add(
    type: string,
    inputs: readonly Value[],
    attributes: Attributes,
    after: readonly Effect[] = [],
    name: string = this.#fresh(type),
  ): string {
    const values = inputs.map(
      (input) =>
        (input.loop === this.#loop || this.#loop === undefined ? input : this.#enter(input, this.#loop, true)).name,
    );
    this.#names.add(name);
    this.#nodes.push({ name, type, inputs: [...values, ...after.map(({ node }) => `^${node}`)], attributes });
    return name;
  }

  /** Brings a value from outside into a loop, once for all iterations if `isConstant`. */
  #enter(value: Value, loop: string, isConstant: boolean): Value {
    const known = isConstant ? this.#entered.get(`${loop} ${value.name}`) : undefined;
    if (known) return known;
    const name = this.#fresh('Enter');
    const attributes = {
      T: { type: value.dtype },
      frame_name: loop,
      is_constant: isConstant,
      parallel_iterations: { int: 1 },
    };
    this.#names.add(name);
    this.#nodes.push({ name, type: 'Enter', inputs: [value.name], attributes });
    const entered = { name, dtype: value.dtype, loop };
    if (isConstant) this.#entered.set(`${loop} ${value.name}`, entered);
    return entered;
  }

  #fresh(type: string): string {
    for (let number = this.#names.size; ; number++) {
      const name = `${type}_${number}`;
      if (this.#names.has(name)) continue;
      this.#names.add(name);
      return name;
    }
  }
}

function dtypeOf(values: TensorValues): Dtype {
  if (values instanceof Float32Array) return 'float32';
  return values instanceof Int32Array ? 'int32' : 'bool';
}
