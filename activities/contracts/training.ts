/**
 * The one training activity's input and output: one worker's whole round (architecture.md, Activities).
 */
import type { HyperparameterValues } from '../../workflows/algorithm/hyperparameters.ts';
import type { Score } from '../../workflows/algorithm/curve.ts';
import type { CheckpointReference, RunFolder } from './checkpoint.ts';
import type { DescribeRequest, TaskDescription, TaskSpecification } from './task.ts';

/** Who trains: a member or an evaluator slot of sub-population P`subPopulation` (1-based); `index` counts from 0. */
export interface WorkerName {
  readonly subPopulation: number;
  readonly kind: 'member' | 'evaluator';
  readonly index: number;
}

export interface TrainRequest {
  readonly storage: RunFolder;
  readonly task: TaskSpecification;
  /**
   * The specification's seed: with `worker` and the step it determines initialisation, batch order and augmentation.
   */
  readonly seed: number;
  /** Threads that the trainer computes with; a trainer process serves one number only. */
  readonly threads: number;
  readonly worker: WorkerName;
  /** What to continue from; null initialises afresh (fromStep 0 then). */
  readonly checkpoint: CheckpointReference | null;
  readonly fromStep: number;
  readonly toStep: number;
  /** Steps between measurements; divides toStep − fromStep. */
  readonly evalEvery: number;
  readonly hyperparameters: HyperparameterValues;
}

export interface TrainOutcome {
  readonly checkpoint: CheckpointReference;
  /** One per measurement: the objective at fromStep + evalEvery, …, toStep. */
  readonly scores: readonly Score[];
  /** Hyperparameters read back from the optimiser after restoring; equal to those asked, or the activity fails. */
  readonly effectiveHyperparameters: HyperparameterValues;
  /** Wall-clock seconds of the trainer: a cost, never an input to a decision. */
  readonly trainerSeconds: number;
}

/** Final report on one checkpoint: measured on data that no decision has seen, and exported for others to use. */
export interface ReportRequest {
  readonly storage: RunFolder;
  readonly task: TaskSpecification;
  readonly seed: number;
  readonly threads: number;
  readonly checkpoint: CheckpointReference;
  /** Those that the checkpoint was trained with last: what a network answers may depend on them. */
  readonly hyperparameters: HyperparameterValues;
}

export interface ReportOutcome {
  /** Score on the test set (accuracy for classification); for tasks without one, the objective. */
  readonly testScore: Score;
  /** Score on a held-out part that nothing else uses; absent if the task has none. */
  readonly untouchedScore?: Score;
  /** Keys written under `result/`: best weights as safetensors, TensorFlow.js model. */
  readonly files: readonly string[];
}

/** The activities of trainers (docs/trainer-contract.md). */
export interface TrainingActivities {
  describe(request: DescribeRequest): Promise<TaskDescription>;
  train(request: TrainRequest): Promise<TrainOutcome>;
  report(request: ReportRequest): Promise<ReportOutcome>;
}
