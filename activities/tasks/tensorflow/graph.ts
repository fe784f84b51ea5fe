/**
 * Builds a TensorFlow graph node by node: a whole round of training steps is then one native call.
 *
 * Why a graph: run one by one, the twenty-odd operations of a small network's step cost more in calls than in
 * arithmetic (0.8 ms against 0.15); as a graph TensorFlow runs them, and the loop around them, itself, and reuses their
 * memory.
 */
import { encodeSavedModel, type Attribute, type Dtype, type NodeDefinition } from './protobuf.ts';

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
  readonly handle: Value;
}

export type Attributes = Readonly<Record<string, Attribute>>;

/** Dtypes that variables have; a checkpoint holds no others. */
const VARIABLE_DTYPE: Dtype = 'float32';

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

  constant(values: Int32Array | Float32Array, shape: readonly number[]): Value {
    const dtype = values instanceof Int32Array ? 'int32' : 'float32';
    return this.#outside(() =>
      this.value('Const', [], dtype, { dtype: { type: dtype }, value: { constant: values, shapeOfConstant: shape } }),
    );
  }

  /** Adds a variable of floats. What it holds before the first assignment is undefined. */
  variable(name: string, shape: readonly number[]): Variable {
    const attributes = { dtype: { type: VARIABLE_DTYPE }, shape: { shape }, container: '', shared_name: name };
    const handle = {
      name: this.#add('VarHandleOp', [], attributes, [], name),
      dtype: 'resource',
      loop: undefined,
    } as const;
    return { name, shape, handle };
  }

  /** Reads a variable: inside a loop, what it holds when the iteration begins, or later if data flow requires it. */
  read(variable: Variable): Value {
    return this.value('ReadVariableOp', [variable.handle], VARIABLE_DTYPE, { dtype: { type: VARIABLE_DTYPE } });
  }

  assign(variable: Variable, value: Value, after: readonly Effect[] = []): Effect {
    return this.effect('AssignVariableOp', [variable.handle, value], { dtype: { type: VARIABLE_DTYPE } }, after);
  }

  /**
   * Repeats `body` as often as the scalar says, one iteration strictly after the other: the effects that `body` returns
   * end an iteration. Returns the number of iterations done; fetching it runs the loop. `body` gets the iteration's
   * number, from 0. Loops do not nest.
   */
  repeat(times: Value, body: (index: Value) => readonly Effect[]): Value {
    const loop = this.#fresh('Loop');
    const zero = this.constant(Int32Array.of(0), []);
    const one = this.constant(Int32Array.of(1), []);
    const int32 = { T: { type: 'int32' } } as const;
    const start = this.#enter(zero, loop, false);
    this.#loop = loop;
    const next = this.#fresh('NextIteration');
    const counter = this.value('Merge', [start, { name: next, dtype: 'int32', loop }], 'int32', {
      ...int32,
      N: { int: 2 },
    });
    const goesOn = this.value('LoopCond', [this.value('Less', [counter, times], 'bool', int32)], 'bool');
    const [left, again] = this.values('Switch', [counter, goesOn], ['int32', 'int32'], int32) as [Value, Value];
    const index = this.value('Identity', [again], 'int32', int32);
    const effects = body(index);
    const following = this.value('AddV2', [index, one], 'int32', int32);
    this.#add('NextIteration', [following], int32, effects, next);
    const done = this.#add('Exit', [left], int32);
    this.#loop = undefined;
    return { name: done, dtype: 'int32', loop: undefined };
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

  #outside<T>(build: () => T): T {
    const loop = this.#loop;
    this.#loop = undefined;
    try {
      return build();
    } finally {
      this.#loop = loop;
    }
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
