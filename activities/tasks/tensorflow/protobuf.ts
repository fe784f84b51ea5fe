/**
 * Writes TensorFlow graphs in the binary form that its loader reads: a SavedModel of protocol buffers.
 *
 * Field numbers are those of TensorFlow's saved_model.proto, meta_graph.proto, graph.proto, node_def.proto,
 * attr_value.proto, tensor.proto and tensor_shape.proto. Only what the graphs here need.
 */

export type Dtype = 'float32' | 'int32' | 'uint8' | 'bool' | 'resource';

/** Numbers of types.proto. */
const DTYPE_NUMBERS = { float32: 1, int32: 3, uint8: 4, bool: 10, resource: 20 } as const satisfies Record<
  Dtype,
  number
>;

/** Version that TensorFlow 2.x writes into its graphs; kernels behave as of then. */
const GRAPH_PRODUCER = 1882;

/** An attribute of an operation, tagged if JavaScript's types do not determine what TensorFlow wants. */
export type Attribute =
  | boolean
  | string
  | { readonly type: Dtype }
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  /** −1: any size. */
  | { readonly shape: readonly number[] }
  | { readonly constant: Int32Array | Float32Array; readonly shapeOfConstant: readonly number[] };

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
  if ('ints' in value) return bytesField(1, bytesField(3, Buffer.concat(value.ints.map(varint))));
  if ('shape' in value) return bytesField(7, encodeShape(value.shape));
  return bytesField(8, encodeConstant(value.constant, value.shapeOfConstant));
}

function encodeShape(shape: readonly number[]): Buffer {
  return Buffer.concat(shape.map((size) => bytesField(2, varintField(1, size))));
}

function encodeConstant(values: Int32Array | Float32Array, shape: readonly number[]): Buffer {
  const dtype = values instanceof Int32Array ? DTYPE_NUMBERS.int32 : DTYPE_NUMBERS.float32;
  const content = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return Buffer.concat([varintField(1, dtype), bytesField(2, encodeShape(shape)), bytesField(4, content)]);
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
