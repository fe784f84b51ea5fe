/**
 * TensorFlow's own operations on TensorFlow.js's tensors, for what TensorFlow.js lacks or does slowly.
 *
 * They run eagerly, and are recorded while a function is traced. They are not on TensorFlow.js's tape: who calls one in
 * a function to differentiate wraps it in `tf.customGrad`.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { backendOf, type NativeAttribute, type NativeBinding, type NativeTensorInfo } from './library.ts';
import { DTYPE_NUMBERS, type Attribute } from './protobuf.ts';

export type Attributes = Readonly<Record<string, Attribute>>;

/** Runs an operation with one output. Attributes are all to be given, also those that follow from the inputs. */
export function runNative<T extends Tfjs.Tensor>(
  tf: typeof Tfjs,
  name: string,
  attributes: Attributes,
  inputs: readonly Tfjs.Tensor[],
): T {
  return runNatives(tf, name, attributes, inputs, 1)[0] as T;
}

/** Runs an operation with so many outputs. */
export function runNatives(
  tf: typeof Tfjs,
  name: string,
  attributes: Attributes,
  inputs: readonly Tfjs.Tensor[],
  outputs: number,
): Tfjs.Tensor[] {
  const backend = backendOf(tf);
  const ids = backend.getInputTensorIds(inputs);
  return backend.binding
    .executeOp(name, nativeAttributes(backend.binding, attributes), ids, outputs)
    .map((info) => backend.createOutputTensor(info));
}

/** A variable and the tensor that it holds. */
export interface HeldVariable {
  readonly variable: Tfjs.Variable;
  readonly id: number;
}

/** A binding that records what is done through it records an update of variables as one operation. */
export interface UpdateRecorder {
  update(
    name: string,
    attributes: readonly NativeAttribute[],
    variables: readonly HeldVariable[],
    inputs: readonly number[],
  ): NativeTensorInfo[];
}

/**
 * Runs an operation of TensorFlow that changes variables in place (`ResourceApplyMomentum`): its first inputs are the
 * variables, which hold the new values afterwards.
 */
export function updateVariables(
  tf: typeof Tfjs,
  name: string,
  attributes: Attributes,
  variables: readonly Tfjs.Variable[],
  inputs: readonly Tfjs.Tensor[],
): void {
  const backend = backendOf(tf);
  const native = nativeAttributes(backend.binding, attributes);
  const held = backend.getInputTensorIds(variables);
  const given = backend.getInputTensorIds(inputs);
  const { binding } = backend;
  const infos = isUpdateRecorder(binding)
    ? binding.update(
        name,
        native,
        variables.map((variable, position) => ({ variable, id: held[position]! })),
        given,
      )
    : runUpdate(binding, name, native, held, given);
  infos.forEach((info, position) => {
    const value = backend.createOutputTensor(info);
    variables[position]!.assign(value);
    value.dispose();
  });
}

/** Does the update on resources made for it, and returns the new values. */
export function runUpdate(
  binding: NativeBinding,
  name: string,
  attributes: readonly NativeAttribute[],
  variables: readonly number[],
  inputs: readonly number[],
): NativeTensorInfo[] {
  const temporary: number[] = [];
  const make = (type: string, given: Attributes, ids: readonly number[]): NativeTensorInfo => {
    const [info] = binding.executeOp(type, nativeAttributes(binding, given), ids, 1);
    temporary.push(info!.id);
    return info!;
  };
  try {
    const resources = variables.map((id) => {
      const { shape, dtype } = make('Identity', {}, [id]);
      const given = { dtype: { type: dtypeOfNumber(dtype)! } };
      const { id: handle } = make('VarHandleOp', { ...given, shape: { shape }, shared_name: `update-${id}` }, []);
      binding.executeOp('AssignVariableOp', nativeAttributes(binding, given), [handle, id], 0);
      return { handle, given };
    });
    binding.executeOp(name, attributes, [...resources.map(({ handle }) => handle), ...inputs], 0);
    return resources.map(({ handle, given }) => {
      const [info] = binding.executeOp('ReadVariableOp', nativeAttributes(binding, given), [handle], 1);
      binding.executeOp('DestroyResourceOp', nativeAttributes(binding, { ignore_lookup_error: true }), [handle], 0);
      return info!;
    });
  } finally {
    for (const id of temporary) binding.deleteTensor(id);
  }
}

export function dtypeOfNumber(number: number): keyof typeof DTYPE_NUMBERS | undefined {
  return (Object.keys(DTYPE_NUMBERS) as (keyof typeof DTYPE_NUMBERS)[]).find((name) => DTYPE_NUMBERS[name] === number);
}

function isUpdateRecorder(binding: object): binding is UpdateRecorder {
  return 'update' in binding;
}

/** Returns attributes as the binding takes them. */
export function nativeAttributes(binding: NativeBinding, attributes: Attributes): NativeAttribute[] {
  return Object.entries(attributes).map(([name, value]) => ({ name, ...nativeAttribute(binding, value) }));
}

function nativeAttribute(binding: NativeBinding, value: Attribute): Omit<NativeAttribute, 'name'> {
  if (typeof value === 'boolean') return { type: binding.TF_ATTR_BOOL, value };
  if (typeof value === 'string') return { type: binding.TF_ATTR_STRING, value };
  if ('type' in value) return { type: binding.TF_ATTR_TYPE, value: DTYPE_NUMBERS[value.type] };
  if ('int' in value) return { type: binding.TF_ATTR_INT, value: value.int };
  if ('float' in value) return { type: binding.TF_ATTR_FLOAT, value: value.float };
  if ('ints' in value) return { type: binding.TF_ATTR_INT, value: value.ints };
  if ('shape' in value) return { type: binding.TF_ATTR_SHAPE, value: value.shape };
  throw new Error('Expected attributes of an operation to be no constants');
}
