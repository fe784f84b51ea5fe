/**
 * Writes TensorFlow graphs in the binary form that its loader reads: a SavedModel of protocol buffers.
 *
 * Field numbers are those of TensorFlow's saved_model.proto, meta_graph.proto, graph.proto, node_def.proto,
 * attr_value.proto, tensor.proto and tensor_shape.proto. Only what the graphs here need.
 */

/** Numbers of types.proto, which are also those of the C library. */
export const DTYPE_NUMBERS = {
  float32: 1,
  int32: 3,
  uint8: 4,
  complex64: 8,
  int64: 9,
  bool: 10,
  resource: 20,
} as const;

export type Dtype = keyof typeof DTYPE_NUMBERS;

/** Values of a tensor; bool and uint8 are bytes. */
export type TensorValues = Float32Array | Int32Array | Uint8Array;

/** Version that TensorFlow 2.x writes into its graphs; kernels behave as of then. */
const GRAPH_PRODUCER = 1882;

/** An attribute of an operation, tagged if JavaScript's types do not determine what TensorFlow wants. */
export type Attribute =
  | boolean
  | string
  | { readonly type: Dtype }
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  /** −1: any size. */
  | { readonly shape: readonly number[] }
  | { readonly constant: TensorValues; readonly dtypeOfConstant: Dtype; readonly shapeOfConstant: readonly number[] };

export interface NodeDefinition {
  readonly name: string;
  readonly type: string;
  /** `name`, `name:port`, or `^name` for one that must only have run before. */
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** Returns the content of a `saved_model.pb` with these nodes under the one tag `serve`. */
export function encodeSavedModel(nodes: readonly NodeDefinition[]): Uint8Array {
  const versions = varintField(1, GRAPH_PRODUCER);
  const graph = Buffer.concat([...nodes.map((node) => bytesField(1, encodeNode(node))), bytesField(4, versions)]);
  const metaGraph = Buffer.concat([bytesField(1, textField(4, 'serve')), bytesField(2, graph)]);
  return Buffer.concat([varintField(1, 1), bytesField(2, metaGraph)]);
}

function encodeNode({ name, type, inputs, attributes }: NodeDefinition): Buffer {
  return Buffer.concat([
    textField(1, name),
    textField(2, type),
    ...inputs.map((input) => textField(3, input)),
    ...Object.entries(attributes).map(([key, value]) =>
      bytesField(5, Buffer.concat([textField(1, key), bytesField(2, encodeAttribute(value))])),
    ),
  ]);
}

function encodeAttribute(value: Attribute): Buffer {
  if (typeof value === 'boolean') return varintField(5, value ? 1 : 0);
  if (typeof value === 'string') return textField(2, value);
  if ('type' in value) return varintField(6, DTYPE_NUMBERS[value.type]);
  if ('int' in value) return varintField(3, value.int);
  if ('float' in value) return Buffer.concat([varint(4 * 8 + 5), bytesOf(Float32Array.of(value.float))]);
  if ('ints' in value) return bytesField(1, bytesField(3, Buffer.concat(value.ints.map(varint))));
  if ('shape' in value) return bytesField(7, encodeShape(value.shape));
  return bytesField(8, encodeConstant(value.constant, value.dtypeOfConstant, value.shapeOfConstant));
}

function encodeShape(shape: readonly number[]): Buffer {
  return Buffer.concat(shape.map((size) => bytesField(2, varintField(1, size))));
}

/** Fields of tensor.proto that hold values one by one: a single one stands for all elements. */
const VALUE_FIELDS: Partial<Record<Dtype, number>> = { float32: 5, int32: 7, bool: 11 };

function encodeConstant(values: TensorValues, dtype: Dtype, shape: readonly number[]): Buffer {
  const header = [varintField(1, DTYPE_NUMBERS[dtype]), bytesField(2, encodeShape(shape))];
  const field = VALUE_FIELDS[dtype];
  if (field === undefined || values.length < 2 || !isUniform(values))
    return Buffer.concat([...header, bytesField(4, bytesOf(values))]);
  const one = values instanceof Float32Array ? bytesOf(values.subarray(0, 1)) : varint(values[0]!);
  return Buffer.concat([...header, bytesField(field, one)]);
}

/** Returns whether all elements have the same bits. */
function isUniform(values: TensorValues): boolean {
  const bits =
    values instanceof Float32Array ? new Int32Array(values.buffer, values.byteOffset, values.length) : values;
  return bits.every((value) => value === bits[0]);
}

function bytesOf(values: TensorValues): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

function textField(field: number, text: string): Buffer {
  return bytesField(field, Buffer.from(text));
}

function bytesField(field: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.byteLength), bytes]);
}

function varintField(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

/** Seven bits a byte, lowest first; a negative number takes ten bytes, as 64-bit two's complement. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}
