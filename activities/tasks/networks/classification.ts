/**
 * Losses and measurements of classification. Shapes: B examples; K classes.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { oneOf } from '../../../workflows/validation/fields.ts';
import { sparseSoftmaxCrossEntropy } from '../tensorflow/kernels.ts';
import type { Sums, Tensors } from '../tensorflow/network-definition.ts';
import type { Rate } from '../tensorflow/optimizers.ts';

type Tf = typeof Tfjs;

export const CLASSIFICATION_SCORES = ['accuracy', 'top-5', 'cross-entropy', 'f1'] as const;

export type ClassificationScore = (typeof CLASSIFICATION_SCORES)[number];

/** Schema of the setting `score`. */
export const classificationScore = oneOf(
  CLASSIFICATION_SCORES,
  'What decisions are made by: the share of right answers; the share whose class is among the five most probable; ' +
    'minus the mean cross-entropy; the mean F1 over classes. Default: accuracy.',
).default('accuracy');

/**
 * Returns the mean cross-entropy of logits [B, K] against classes (int32 [B]); with label smoothing ε, against
 * 1 − ε for the class and ε spread over all classes.
 */
export function classificationLoss(
  tf: Tf,
  logits: Tfjs.Tensor2D,
  classes: Tfjs.Tensor1D,
  smoothing: Rate | undefined,
): Tfjs.Scalar {
  const hard = sparseSoftmaxCrossEntropy(tf, logits, classes);
  if (smoothing === undefined) return hard.mean().asScalar();
  const spread = tf.logSoftmax(logits).mean(1).neg();
  return hard.mul(tf.sub(1, smoothing)).add(spread.mul(smoothing)).mean().asScalar();
}

/**
 * Returns what the scores are made of, by example. `logits` are among them only to be looked at: whatever they are, the
 * answers are finite.
 */
export function measureClassification(
  tf: Tf,
  logits: Tfjs.Tensor2D,
  classes: Tfjs.Tensor1D,
  scores: readonly ClassificationScore[],
): Tensors {
  const answers = logits.argMax(1);
  const right = answers.equal(classes);
  const known = logits.shape[1];
  const oneHot = (indices: Tfjs.Tensor): Tfjs.Tensor => tf.oneHot(indices.cast<Tfjs.Tensor1D>('int32'), known);
  return {
    right,
    logits,
    ...(scores.includes('top-5') ? { amongFive: isAmongFive(tf, logits, oneHot(classes)) } : {}),
    ...(scores.includes('cross-entropy') ? { entropy: sparseSoftmaxCrossEntropy(tf, logits, classes) } : {}),
    ...(scores.includes('f1')
      ? {
          hits: oneHot(classes).mul(right.expandDims(1).cast('int32')),
          answered: oneHot(answers),
          actual: oneHot(classes),
        }
      : {}),
  };
}

/** Returns a score of what was measured; higher is better. */
export function classificationScoreOf(score: ClassificationScore, sums: Sums, rows: number): number {
  switch (score) {
    case 'accuracy':
      return sums['right']![0] / rows;
    case 'top-5':
      return sums['amongFive']![0] / rows;
    case 'cross-entropy':
      return -sums['entropy']![0] / rows;
    case 'f1':
      return macroF1(sums['hits']!, sums['answered']!, sums['actual']!);
    default:
      return score satisfies never;
  }
}

/** Whether at most four classes have a higher logit than the right one. */
function isAmongFive(tf: Tf, logits: Tfjs.Tensor2D, right: Tfjs.Tensor): Tfjs.Tensor {
  const own = tf.sum(logits.mul(right.cast('float32')), 1, true);
  return logits.greater(own).cast('int32').sum(1).less(5);
}

/** The mean of 2·hits / (answered + actual) over the classes that are answered or there. */
function macroF1(hits: readonly number[], answered: readonly number[], actual: readonly number[]): number {
  const scores = hits.flatMap((hit, index) => {
    const both = answered[index]! + actual[index]!;
    return both === 0 ? [] : [(2 * hit) / both];
  });
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}
