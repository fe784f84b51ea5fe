/**
 * What a trainer and its computing process tell each other. One order is under way at a time.
 */
import { DefaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import type { Interruption, Progress, TrainOrder } from '../../activities/training/computer.ts';
import type { DescribeRequest } from '../../activities/contracts/task.ts';
import type { ReportRequest } from '../../activities/contracts/training.ts';

/** To the computing process. */
export type Request =
  | { readonly kind: 'order'; readonly order: Order }
  | { readonly kind: 'interrupt'; readonly interruption: Interruption };

export type Order =
  | { readonly work: 'describe'; readonly input: DescribeRequest }
  | { readonly work: 'train'; readonly input: TrainOrder }
  | { readonly work: 'report'; readonly input: ReportRequest };

/** From the computing process. */
export type Answer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly progress: Progress }
  /** `recycle`: the process wants to be replaced by a fresh one. */
  | { readonly kind: 'done'; readonly result: unknown; readonly recycle: boolean }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly recycle: boolean };

type Failure = ReturnType<DefaultFailureConverter['errorToFailure']>;

const converter = new DefaultFailureConverter();

/** Returns an error as Temporal would send it: what a retry depends on is kept. */
export function encodeFailure(error: unknown): Failure {
  return converter.errorToFailure(error, defaultPayloadConverter);
}

export function decodeFailure(failure: Failure): Error {
  return converter.failureToError(failure, defaultPayloadConverter);
}
