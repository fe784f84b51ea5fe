/**
 * What the author of a task imports from `fire-pbt` (docs/own-tasks.md).
 */
export { z } from 'zod';
export { randomStream, shuffled, type RandomStream } from '../../workflows/algorithm/random.ts';
export type { Score } from '../../workflows/algorithm/curve.ts';
export type { HyperparameterValue, HyperparameterValues } from '../../workflows/algorithm/hyperparameters.ts';
export type { HyperparameterDefinition } from '../contracts/task.ts';
export type { NamedTensor, TensorDtype } from '../storage/safetensors.ts';
export { defineTask, type TaskDefinition } from './define-task.ts';
export type { ExportedFile, Report, Session, SessionContext, State } from './task.ts';
export { BatchOrder, splitData } from './datasets/split.ts';
export {
  defineEnvironment,
  type Environment,
  type EnvironmentDefinition,
  type Transition,
} from './environments/environment.ts';
export { compile } from './tensorflow/compile.ts';
export type {
  FunctionDefinition,
  InputDefinition,
  ProgramDefinition,
  ResidentData,
  StepContext,
} from './tensorflow/definition.ts';
export { EagerProgram } from './tensorflow/eager-program.ts';
export { clipByGlobalNorm, gradientsOf, stopGradient } from './tensorflow/gradients.ts';
export { heTensor, normalTensor } from './tensorflow/initial-values.ts';
export * as kernels from './tensorflow/kernels.ts';
export { loadTensorFlow, type TensorFlow } from './tensorflow/library.ts';
export type {
  Feeds,
  MeasuredStream,
  NetworkData,
  NetworkDefinition,
  NetworkModel,
  RowStream,
  Sums,
  Tensors,
  TrainedNetwork,
} from './tensorflow/network-definition.ts';
export { openNetwork } from './tensorflow/network-session.ts';
export {
  adam,
  adamW,
  momentum,
  rmsprop,
  type Gradients,
  type Optimizer,
  type Parameters,
} from './tensorflow/optimizers.ts';
export { ResidentTensor } from './tensorflow/program.ts';
export * as random from './tensorflow/random.ts';
export type * as Tfjs from '@tensorflow/tfjs-node-gpu';
