/**
 * The `estimated` smoothing model: Gaussian-process regression with a Matérn-5/2 kernel plus noise, length-scale and
 * noise by marginal likelihood.
 *
 * The grid: length-scales 4, 2, 1, ½, ¼, ⅛ of the curve, without those below four points (whatever is as quick cannot
 * be told from noise), times noise variances 10², 10, … 10⁻⁶ of the signal's; and the curve that is all noise, whose
 * smooth is its mean. The signal's variance is profiled out: each pair is judged at the variance that suits it best.
 * The likeliest wins, the smoother one if equal.
 *
 * Linear time and exact: on a grid of spacing Δ the process is a state-space model (Hartikainen and Särkkä, "Kalman
 * filtering and smoothing solutions to temporal Gaussian process regression models", 2010). With λ = √5 / length-scale
 * and a = λΔ, its state is x = (f, f'/λ, f''/λ²) and x ← A x + noise of covariance Q,   A = exp(F a),   F = [0 1 0; 0 0
 * 1; −1 −3 −3], from the stationary covariance. A Kalman filter gives the likelihood; its backward recursion (de
 * Jong's) gives u = (K + noise)⁻¹y, and the posterior mean is y − noise · u. Its covariances do not depend on the
 * scores, and stand still after a while.
 */
import { exp, log } from './exponential.ts';

/** In lengths of the curve. */
export const LENGTH_SCALES = [4, 2, 1, 1 / 2, 1 / 4, 1 / 8] as const;
/** Variance of the noise, in variances of the signal. */
export const NOISE_RATIOS = [1e2, 1e1, 1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6] as const;
/** Shortest length-scale considered, in points. */
export const LEAST_POINTS = 4;

/** Covariances that change by less than this from one point to the next have converged; the variance of f is 1. */
const CONVERGED = 1e-15;

/** A 3 × 3 matrix, entries by row and column. */
interface Matrix {
  readonly m00: number;
  readonly m01: number;
  readonly m02: number;
  readonly m10: number;
  readonly m11: number;
  readonly m12: number;
  readonly m20: number;
  readonly m21: number;
  readonly m22: number;
}

/** The process on a regular grid: x ← A x + noise of covariance Q. */
interface Process {
  readonly transition: Matrix;
  readonly noise: Matrix;
}

/** A covariance of the state: symmetric, so six numbers. */
interface Covariance {
  p00: number;
  p01: number;
  p02: number;
  p11: number;
  p12: number;
  p22: number;
}

/** P·h / S. */
interface Gain {
  readonly k0: number;
  readonly k1: number;
  readonly k2: number;
}

/**
 * What the filter does at each point: none of it depends on the scores. After `length` points it stays as it was last.
 */
interface Gains {
  /** Variance of the innovations, S. */
  readonly variances: Float64Array;
  /** A·P·h / S, three to a point. */
  readonly gains: Float64Array;
  readonly length: number;
}

/**
 * Returns the posterior mean at the scores' own positions; scores are standardised (mean 0, variance 1), two or more.
 */
export function smoothEstimated(standardised: readonly number[]): number[] {
  const n = standardised.length;
  // All noise, of variance 1: n/2 · log 1 − 0.
  let likeliest = { logLikelihood: 0, smoothed: (): number[] => standardised.map(() => 0) };
  for (const lengthScale of LENGTH_SCALES) {
    if (lengthScale * n < LEAST_POINTS) continue;
    const process = discretise(Math.sqrt(5) / (lengthScale * n));
    for (const ratio of NOISE_RATIOS) {
      const gains = filterGains(process, ratio, n);
      const logLikelihood = profileLogLikelihood(standardised, process, gains);
      if (logLikelihood > likeliest.logLikelihood) {
        likeliest = { logLikelihood, smoothed: () => posteriorMean(standardised, process, gains, ratio) };
      }
    }
  }
  return likeliest.smoothed();
}

/** A and Q for a spacing of a = λΔ. */
function discretise(a: number): Process {
  // (F + I)³ = 0, so the exponential is e^−a times a polynomial.
  const decay = exp(-a);
  const half = (a * a) / 2;
  const transition: Matrix = {
    m00: (1 + a + half) * decay,
    m01: (a + 2 * half) * decay,
    m02: half * decay,
    m10: -half * decay,
    m11: (1 + a - 2 * half) * decay,
    m12: (a - half) * decay,
    m20: (half - a) * decay,
    m21: (2 * half - 3 * a) * decay,
    m22: (1 - 2 * a + half) * decay,
  };

  // Q = 16/3 ∫ g gᵀ over 0 … a with g(s) = e^−s (s²/2, s − s²/2, 1 − 2s + s²/2), whose first entry is of the order a⁵:
  // from moments, never as a difference of covariances.
  const [g0 = 0, g1 = 0, g2 = 0, g3 = 0, g4 = 0] = [0, 1, 2, 3, 4].map((power) => moment(power, a));
  const ff = (g4 / 4) * (16 / 3);
  const fd = (g3 / 2 - g4 / 4) * (16 / 3);
  const fc = (g2 / 2 - g3 + g4 / 4) * (16 / 3);
  const dd = (g2 - g3 + g4 / 4) * (16 / 3);
  const dc = (g1 - 2.5 * g2 + 1.5 * g3 - g4 / 4) * (16 / 3);
  const cc = (g0 - 4 * g1 + 5 * g2 - 2 * g3 + g4 / 4) * (16 / 3);
  const noise = { m00: ff, m01: fd, m02: fc, m10: fd, m11: dd, m12: dc, m20: fc, m21: dc, m22: cc };
  return { transition, noise };
}

/** ∫ s^power e^−2s ds over 0 … a, as a series of positive terms. */
function moment(power: number, a: number): number {
  let term = 1 / (power + 1);
  for (let k = 0; k <= power; k++) term *= a;
  let sum = 0;
  for (let k = power + 2; sum + term > sum; k++) {
    sum += term;
    term *= (2 * a) / k;
  }
  return sum * exp(-2 * a);
}

/** Runs the filter's covariances over n points, from the stationary one, until they stand still. */
function filterGains(process: Process, ratio: number, n: number): Gains {
  const variances = new Float64Array(n);
  const gains = new Float64Array(3 * n);
  const A = process.transition;
  const covariance = { p00: 1, p01: 0, p02: -1 / 3, p11: 1 / 3, p12: 0, p22: 1 };
  for (let i = 0; i < n; i++) {
    const variance = covariance.p00 + ratio;
    const k0 = covariance.p00 / variance;
    const k1 = covariance.p01 / variance;
    const k2 = covariance.p02 / variance;
    variances[i] = variance;
    gains[3 * i] = A.m00 * k0 + A.m01 * k1 + A.m02 * k2;
    gains[3 * i + 1] = A.m10 * k0 + A.m11 * k1 + A.m12 * k2;
    gains[3 * i + 2] = A.m20 * k0 + A.m21 * k1 + A.m22 * k2;
    if (advance(covariance, { k0, k1, k2 }, ratio, process) < CONVERGED) return { variances, gains, length: i + 1 };
  }
  return { variances, gains, length: n };
}

/**
 * Replaces the covariance P before a point by that before the next one, A·S·Aᵀ + Q, where S is that after the point is
 * seen; returns by how much it changed. `gain` is P's first column over the innovation's variance.
 */
function advance(covariance: Covariance, gain: Gain, ratio: number, { transition: A, noise: Q }: Process): number {
  const { p01, p02, p11, p12, p22 } = covariance;
  const { k0, k1, k2 } = gain;
  // p00·ratio/variance rather than p00 − k0·p00, which would cancel; likewise in the rest of the row.
  const s00 = k0 * ratio;
  const s01 = k1 * ratio;
  const s02 = k2 * ratio;
  const s11 = p11 - k1 * p01;
  const s12 = p12 - k1 * p02;
  const s22 = p22 - k2 * p02;
  const t00 = A.m00 * s00 + A.m01 * s01 + A.m02 * s02;
  const t01 = A.m00 * s01 + A.m01 * s11 + A.m02 * s12;
  const t02 = A.m00 * s02 + A.m01 * s12 + A.m02 * s22;
  const t10 = A.m10 * s00 + A.m11 * s01 + A.m12 * s02;
  const t11 = A.m10 * s01 + A.m11 * s11 + A.m12 * s12;
  const t12 = A.m10 * s02 + A.m11 * s12 + A.m12 * s22;
  const t20 = A.m20 * s00 + A.m21 * s01 + A.m22 * s02;
  const t21 = A.m20 * s01 + A.m21 * s11 + A.m22 * s12;
  const t22 = A.m20 * s02 + A.m21 * s12 + A.m22 * s22;
  const before = covariance.p00;
  covariance.p00 = t00 * A.m00 + t01 * A.m01 + t02 * A.m02 + Q.m00;
  covariance.p01 = t00 * A.m10 + t01 * A.m11 + t02 * A.m12 + Q.m01;
  covariance.p02 = t00 * A.m20 + t01 * A.m21 + t02 * A.m22 + Q.m02;
  covariance.p11 = t10 * A.m10 + t11 * A.m11 + t12 * A.m12 + Q.m11;
  covariance.p12 = t10 * A.m20 + t11 * A.m21 + t12 * A.m22 + Q.m12;
  covariance.p22 = t20 * A.m20 + t21 * A.m21 + t22 * A.m22 + Q.m22;
  return (
    Math.abs(covariance.p00 - before) +
    Math.abs(covariance.p01 - p01) +
    Math.abs(covariance.p02 - p02) +
    Math.abs(covariance.p11 - p11) +
    Math.abs(covariance.p12 - p12) +
    Math.abs(covariance.p22 - p22)
  );
}

/**
 * Log marginal likelihood at the best variance of the signal, up to what is the same for all: −n/2 · log(mean of v²/S)
 * − ½ Σ log S.
 */
function profileLogLikelihood(y: readonly number[], process: Process, gains: Gains): number {
  const n = y.length;
  const v = innovations(y, process, gains);
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (v[i]! * v[i]!) / gains.variances[Math.min(i, gains.length - 1)]!;
  let logVariances = 0;
  for (let i = 0; i < gains.length; i++) logVariances += log(gains.variances[i]!);
  logVariances += (n - gains.length) * log(gains.variances[gains.length - 1]!);
  return (-n / 2) * log(squares / n) - logVariances / 2;
}

/** What each score differs from its prediction by those before it. */
function innovations(y: readonly number[], { transition: A }: Process, { gains, length }: Gains): Float64Array {
  const v = new Float64Array(y.length);
  let x0 = 0;
  let x1 = 0;
  let x2 = 0;
  for (let i = 0; i < y.length; i++) {
    const at = 3 * Math.min(i, length - 1);
    const surprise = y[i]! - x0;
    v[i] = surprise;
    const n0 = A.m00 * x0 + A.m01 * x1 + A.m02 * x2 + gains[at]! * surprise;
    const n1 = A.m10 * x0 + A.m11 * x1 + A.m12 * x2 + gains[at + 1]! * surprise;
    x2 = A.m20 * x0 + A.m21 * x1 + A.m22 * x2 + gains[at + 2]! * surprise;
    x0 = n0;
    x1 = n1;
  }
  return v;
}

function posteriorMean(y: readonly number[], process: Process, gains: Gains, ratio: number): number[] {
  const A = process.transition;
  const v = innovations(y, process, gains);
  const smoothed = new Array<number>(y.length);
  let r0 = 0;
  let r1 = 0;
  let r2 = 0;
  for (let i = y.length - 1; i >= 0; i--) {
    const at = Math.min(i, gains.length - 1);
    const u =
      v[i]! / gains.variances[at]! -
      gains.gains[3 * at]! * r0 -
      gains.gains[3 * at + 1]! * r1 -
      gains.gains[3 * at + 2]! * r2;
    smoothed[i] = y[i]! - ratio * u;
    // Aᵀ·r, and u for f.
    const n0 = A.m00 * r0 + A.m10 * r1 + A.m20 * r2 + u;
    const n1 = A.m01 * r0 + A.m11 * r1 + A.m21 * r2;
    r2 = A.m02 * r0 + A.m12 * r1 + A.m22 * r2;
    r0 = n0;
    r1 = n1;
  }
  return smoothed;
}
