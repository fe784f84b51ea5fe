/**
 * The networks that are trained on both devices.
 */
import type { SyntheticCase } from './synthetic-training.ts';

/** A case, and how many steps are compared, and then timed. */
export interface CheckedCase extends SyntheticCase {
  readonly title: string;
  readonly compared: number;
  readonly timed: number;
}

const resnet = (depth: 18 | 34 | 50, stem: 'small' | 'imagenet') =>
  ({ kind: 'resnet', depth, stem, width: 64 }) as const;

/** By the names that `--only` takes. */
export const CASES: Readonly<Record<string, CheckedCase>> = {
  perceptron: {
    title: 'perceptron 64, 28², batch 64',
    model: { kind: 'perceptron', hidden: [64], batchNormalisation: false },
    side: 28,
    batchSize: 64,
    compared: 10,
    timed: 1000,
  },
  convolutional: {
    title: 'convolutional 16-32, 28², batch 64',
    model: { kind: 'convolutional', filters: [16, 32], dense: 64, batchNormalisation: true },
    side: 28,
    batchSize: 64,
    compared: 10,
    timed: 100,
  },
  resnet18: {
    title: 'ResNet-18, 32², batch 32',
    model: resnet(18, 'small'),
    side: 32,
    batchSize: 32,
    compared: 5,
    timed: 5,
  },
  resnet34: {
    title: 'ResNet-34, 32², batch 32',
    model: resnet(34, 'small'),
    side: 32,
    batchSize: 32,
    compared: 5,
    timed: 5,
  },
  resnet50: {
    title: 'ResNet-50, 224², batch 16',
    model: resnet(50, 'imagenet'),
    side: 224,
    batchSize: 16,
    compared: 3,
    timed: 3,
  },
};
