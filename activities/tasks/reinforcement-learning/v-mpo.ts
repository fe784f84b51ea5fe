/**
 * Losses of V-MPO (Song et al., "V-MPO: On-Policy Maximum a Posteriori Policy Optimization for Discrete and Continuous
 * Control", arXiv 1909.12238) for Gaussian policies with diagonal covariance.
 *
 * B: samples; A: numbers of an action; K = ⌊B/2⌋: the samples with the highest advantages. μ, σ: mean and deviation of
 * the policy that is trained; μ′, σ′: of the target policy, which acted. sg: no gradient flows through it.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { stopGradient } from '../tensorflow/gradients.ts';
import { where } from '../tensorflow/kernels.ts';

type Tf = typeof Tfjs;

/** A Gaussian policy at B observations. */
export interface Gaussian {
  /** [B, A]. */
  readonly means: Tfjs.Tensor;
  /** [B, A], or [A] if they do not depend on the observation: logarithms of the standard deviations. */
  readonly logDeviations: Tfjs.Tensor;
}

/** The dual variables, scalars above 0. */
export interface Duals {
  /** η: how strongly high advantages are preferred; the higher, the less. */
  readonly temperature: Tfjs.Tensor;
  /** α_μ and α_Σ: what a unit of KL divergence costs. */
  readonly alphaMean: Tfjs.Tensor;
  readonly alphaDeviation: Tfjs.Tensor;
}

/** The bounds of the constraints, scalars above 0. */
export interface Bounds {
  /** ε_η: of KL(ψ ‖ uniform). */
  readonly epsilonEta: Tfjs.Tensor;
  /** ε_μ: of the KL divergence by the means. */
  readonly epsilonMu: Tfjs.Tensor;
  /** ε_Σ: of the KL divergence by the deviations. */
  readonly epsilonSigma: Tfjs.Tensor;
}

/** A batch, and what the networks say of it. */
export interface Samples {
  readonly policy: Gaussian;
  readonly target: Gaussian;
  /** [B, A]: drawn by the target policy. */
  readonly actions: Tfjs.Tensor;
  /** [B]. */
  readonly advantages: Tfjs.Tensor;
  /** [B]: of the critic that is trained. */
  readonly values: Tfjs.Tensor;
  /** [B]: what the values should be. */
  readonly returns: Tfjs.Tensor;
}

/** All components, scalars but for the weights. */
export interface VMpoLosses {
  /** L_π = −Σ ψ·log π(a|s). */
  readonly policy: Tfjs.Scalar;
  /** L_η = η·ε_η + η·log mean exp(A/η), over the K samples. */
  readonly temperature: Tfjs.Scalar;
  /** Σ α·(ε − sg(KL)): moves the multipliers. */
  readonly multipliers: Tfjs.Scalar;
  /** Σ sg(α)·KL: holds the policy near the target. */
  readonly divergence: Tfjs.Scalar;
  /** ½·mean (V − G)². */
  readonly value: Tfjs.Scalar;
  /** Means over all B samples: ½·Σ((μ − μ′)/σ′)², and Σ(log(σ/σ′) + ½·(σ′²/σ² − 1)). */
  readonly klMean: Tfjs.Scalar;
  readonly klDeviation: Tfjs.Scalar;
  /** ψ, [B]: they add up to 1, and are 0 for all but the K samples. */
  readonly weights: Tfjs.Tensor;
}

/** Returns all losses of a batch. */
export function vMpoLosses(tf: Tf, samples: Samples, duals: Duals, bounds: Bounds): VMpoLosses {
  const { policy, target, actions, advantages, values, returns } = samples;
  const { alphaMean, alphaDeviation } = duals;
  const eta = stopGradient(tf, duals.temperature);

  const weights = sampleWeights(tf, advantages, eta);
  const best = highestAdvantages(tf, advantages);
  const highest = best.max();
  const meanExp = best.sub(highest).div(duals.temperature).exp().mean();
  const temperature = duals.temperature.mul(bounds.epsilonEta.add(meanExp.log())).add(highest);

  const klMean = klOfMeans(policy, target);
  const klDeviation = klOfDeviations(policy, target);
  return {
    policy: logProbability(policy, actions).mul(weights).sum().neg().asScalar(),
    temperature: temperature.asScalar(),
    multipliers: alphaMean
      .mul(bounds.epsilonMu.sub(stopGradient(tf, klMean)))
      .add(alphaDeviation.mul(bounds.epsilonSigma.sub(stopGradient(tf, klDeviation))))
      .asScalar(),
    divergence: stopGradient(tf, alphaMean)
      .mul(klMean)
      .add(stopGradient(tf, alphaDeviation).mul(klDeviation))
      .asScalar(),
    value: values.sub(returns).square().mean().mul(0.5).asScalar(),
    klMean,
    klDeviation,
    weights,
  };
}

/** Returns log π(a|s), [B]: of actions [B, A]. */
export function logProbability({ means, logDeviations }: Gaussian, actions: Tfjs.Tensor): Tfjs.Tensor {
  const standardised = actions.sub(means).div(logDeviations.exp());
  return standardised
    .square()
    .mul(-0.5)
    .sub(logDeviations)
    .sub(0.5 * Math.log(2 * Math.PI))
    .sum(1);
}

/** Returns ½·Σ((μ − μ′)/σ′)², averaged over the samples. */
export function klOfMeans(policy: Gaussian, target: Gaussian): Tfjs.Scalar {
  const distance = policy.means.sub(target.means).div(target.logDeviations.exp());
  return distance.square().sum(1).mean().mul(0.5).asScalar();
}

/** Returns Σ(log(σ/σ′) + ½·(σ′²/σ² − 1)), averaged over the samples. */
export function klOfDeviations(policy: Gaussian, target: Gaussian): Tfjs.Scalar {
  const growth = policy.logDeviations.sub(target.logDeviations);
  return growth.add(growth.mul(-2).exp().sub(1).mul(0.5)).sum(-1).mean().asScalar();
}

/** Returns the K = ⌊B/2⌋ highest of advantages [B], highest first; no gradient flows. */
export function highestAdvantages(tf: Tf, advantages: Tfjs.Tensor): Tfjs.Tensor {
  return tf.topk(advantages, Math.floor(advantages.shape[0] / 2)).values;
}

/** Returns ψ, [B]: softmax(A/η) over the samples with the highest advantages, 0 for the others; no gradient flows. */
export function sampleWeights(tf: Tf, advantages: Tfjs.Tensor, temperature: Tfjs.Tensor): Tfjs.Tensor {
  const best = highestAdvantages(tf, advantages);
  const exponentials = advantages.sub(best.max()).div(temperature).exp();
  const chosen = where(tf, advantages.greaterEqual(best.min()), exponentials, tf.zerosLike(advantages));
  return chosen.div(chosen.sum());
}

/** Temperatures that are tried at once, and how often the interval between two of them is divided again. */
const TRIED = 64;
const DIVISIONS = 3;
/** The temperature lies within these powers of e, times the range of the advantages. */
const LOG_RANGE = [Math.log(1e-4), Math.log(1e4)] as const;

/**
 * Returns the temperature η at which KL(ψ ‖ uniform) over the K samples is ε_η: where L_η is lowest. It is not in the
 * paper, which follows L_η's gradient. Within 1e-4 of the solution, relatively; the end of the interval that is
 * searched if there is none inside.
 */
export function solveTemperature(tf: Tf, advantages: Tfjs.Tensor, epsilonEta: Tfjs.Tensor): Tfjs.Scalar {
  const best = highestAdvantages(tf, advantages);
  const below = best.sub(best.max()).expandDims(0);
  const range = tf.maximum(best.max().sub(best.min()), 1e-8);
  let lowest: Tfjs.Tensor = tf.scalar(LOG_RANGE[0]);
  let width: Tfjs.Tensor = tf.scalar(LOG_RANGE[1] - LOG_RANGE[0]);
  const places = tf.linspace(0, 1, TRIED);
  for (let division = 0; division < DIVISIONS; division++) {
    const temperatures = lowest.add(width.mul(places)).exp().mul(range).expandDims(1);
    // The divergence falls as the temperature rises.
    const above = divergenceFromUniform(tf, below.div(temperatures)).greater(epsilonEta).cast('float32').sum();
    width = width.div(TRIED - 1);
    lowest = lowest.add(width.mul(tf.maximum(above.sub(1), 0)));
  }
  return lowest.add(width.mul(0.5)).exp().mul(range).asScalar();
}

/** Returns KL(softmax ‖ uniform) of each row of logits [T, K]: [T]. */
function divergenceFromUniform(tf: Tf, logits: Tfjs.Tensor): Tfjs.Tensor {
  const logs = logits.sub(logits.exp().sum(1, true).log());
  return logs.exp().mul(logs).sum(1).add(Math.log(logits.shape[1]!));
}
