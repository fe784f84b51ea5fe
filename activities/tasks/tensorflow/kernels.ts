/**
 * Operations of TensorFlow with their gradients, for what TensorFlow.js lacks, composes of many, or reads values for.
 * They run eagerly and compiled.
 *
 * Gradients are made of operations that have gradients themselves, so second order works, unless the docstring says
 * otherwise. Shapes: B examples; I, O features in and out; H, W height and width; C, D channels. Images are
 * [B, H, W, C].
 *
 * As fast in TensorFlow.js itself: softmax, pooling, reductions, elementwise arithmetic.
 */
export { relu, sigmoid, softplus, tanh } from './kernels/activations.ts';
export { batchNorm, batchNormBy, type BatchNorm } from './kernels/batch-norm.ts';
export { gather } from './kernels/gather.ts';
export { biasAdd, conv2d, matMul, type Convolution } from './kernels/linear.ts';
export { softmaxCrossEntropy, sparseSoftmaxCrossEntropy } from './kernels/losses.ts';
export { maximum, minimum, where } from './kernels/select.ts';
