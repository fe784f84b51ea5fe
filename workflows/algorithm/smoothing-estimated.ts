/**
 * The `estimated` smoothing model: Gaussian-process regression with a Matérn-5/2 kernel plus noise, length-scale and
 * noise by marginal likelihood.
 *
 * The grid: length-scales 4, 2, 1, ½, ¼, ⅛ of the curve, without those below four points (whatever is as quick cannot
 * be told from noise), times noise variances 10², 10, … 10⁻⁶ of the signal's; and the curve that is all noise, whose
 * smooth is its mean. The signal's variance is profiled out: each pair is judged at the variance that suits it best.
 * The likeliest wins, the smoother one where equal.
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

/** The process on a regular grid: x ← A x + noise of covariance Q, both by rows. */
interface Process {
  readonly transition: Float64Array;
  readonly noise: Float64Array;
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
  const transition = Float64Array.of(
    1 + a + half,
    a + 2 * half,
    half,
    -half,
    1 + a - 2 * half,
    a - half,
    half - a,
    2 * half - 3 * a,
    1 - 2 * a + half,
  );
  for (let i = 0; i < 9; i++) transition[i]! *= decay;

  // Q = 16/3 ∫ g gᵀ over 0 … a with g(s) = e^−s (s²/2, s − s²/2, 1 − 2s + s²/2), whose first entry is of the order a⁵:
  // from moments, never as a difference of covariances.
  const [g0 = 0, g1 = 0, g2 = 0, g3 = 0, g4 = 0] = [0, 1, 2, 3, 4].map((power) => moment(power, a));
  const ff = g4 / 4;
  const fd = g3 / 2 - g4 / 4;
  const fc = g2 / 2 - g3 + g4 / 4;
  const dd = g2 - g3 + g4 / 4;
  const dc = g1 - 2.5 * g2 + 1.5 * g3 - g4 / 4;
  const cc = g0 - 4 * g1 + 5 * g2 - 2 * g3 + g4 / 4;
  const noise = Float64Array.of(ff, fd, fc, fd, dd, dc, fc, dc, cc);
  for (let i = 0; i < 9; i++) noise[i]! *= 16 / 3;
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
function filterGains({ transition: A, noise: Q }: Process, ratio: number, n: number): Gains {
  const variances = new Float64Array(n);
  const gains = new Float64Array(3 * n);
  // P, the covariance of the state before the point is seen: symmetric, so six numbers.
  let p00 = 1;
  let p01 = 0;
  let p02 = -1 / 3;
  let p11 = 1 / 3;
  let p12 = 0;
  let p22 = 1;
  const [a00 = 0, a01 = 0, a02 = 0, a10 = 0, a11 = 0, a12 = 0, a20 = 0, a21 = 0, a22 = 0] = A;
  const [q00 = 0, q01 = 0, q02 = 0, , q11 = 0, q12 = 0, , , q22 = 0] = Q;

  for (let i = 0; i < n; i++) {
    const variance = p00 + ratio;
    const k0 = p00 / variance;
    const k1 = p01 / variance;
    const k2 = p02 / variance;
    variances[i] = variance;
    gains[3 * i] = a00 * k0 + a01 * k1 + a02 * k2;
    gains[3 * i + 1] = a10 * k0 + a11 * k1 + a12 * k2;
    gains[3 * i + 2] = a20 * k0 + a21 * k1 + a22 * k2;

    // Having seen the point; p00·ratio/variance rather than p00 − k0·p00, which would cancel.
    const s00 = k0 * ratio;
    const s01 = k1 * ratio;
    const s02 = k2 * ratio;
    const s11 = p11 - k1 * p01;
    const s12 = p12 - k1 * p02;
    const s22 = p22 - k2 * p02;
    // A·s, then ·Aᵀ + Q.
    const t00 = a00 * s00 + a01 * s01 + a02 * s02;
    const t01 = a00 * s01 + a01 * s11 + a02 * s12;
    const t02 = a00 * s02 + a01 * s12 + a02 * s22;
    const t10 = a10 * s00 + a11 * s01 + a12 * s02;
    const t11 = a10 * s01 + a11 * s11 + a12 * s12;
    const t12 = a10 * s02 + a11 * s12 + a12 * s22;
    const t20 = a20 * s00 + a21 * s01 + a22 * s02;
    const t21 = a20 * s01 + a21 * s11 + a22 * s12;
    const t22 = a20 * s02 + a21 * s12 + a22 * s22;
    const n00 = t00 * a00 + t01 * a01 + t02 * a02 + q00;
    const n01 = t00 * a10 + t01 * a11 + t02 * a12 + q01;
    const n02 = t00 * a20 + t01 * a21 + t02 * a22 + q02;
    const n11 = t10 * a10 + t11 * a11 + t12 * a12 + q11;
    const n12 = t10 * a20 + t11 * a21 + t12 * a22 + q12;
    const n22 = t20 * a20 + t21 * a21 + t22 * a22 + q22;
    const change =
      Math.abs(n00 - p00) +
      Math.abs(n01 - p01) +
      Math.abs(n02 - p02) +
      Math.abs(n11 - p11) +
      Math.abs(n12 - p12) +
      Math.abs(n22 - p22);
    if (change < CONVERGED) return { variances, gains, length: i + 1 };
    p00 = n00;
    p01 = n01;
    p02 = n02;
    p11 = n11;
    p12 = n12;
    p22 = n22;
  }
  return { variances, gains, length: n };
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
  const [a00 = 0, a01 = 0, a02 = 0, a10 = 0, a11 = 0, a12 = 0, a20 = 0, a21 = 0, a22 = 0] = A;
  const v = new Float64Array(y.length);
  let x0 = 0;
  let x1 = 0;
  let x2 = 0;
  for (let i = 0; i < y.length; i++) {
    const at = 3 * Math.min(i, length - 1);
    const surprise = y[i]! - x0;
    v[i] = surprise;
    const n0 = a00 * x0 + a01 * x1 + a02 * x2 + gains[at]! * surprise;
    const n1 = a10 * x0 + a11 * x1 + a12 * x2 + gains[at + 1]! * surprise;
    x2 = a20 * x0 + a21 * x1 + a22 * x2 + gains[at + 2]! * surprise;
    x0 = n0;
    x1 = n1;
  }
  return v;
}

function posteriorMean(y: readonly number[], process: Process, gains: Gains, ratio: number): number[] {
  const [a00 = 0, a01 = 0, a02 = 0, a10 = 0, a11 = 0, a12 = 0, a20 = 0, a21 = 0, a22 = 0] = process.transition;
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
    const n0 = a00 * r0 + a10 * r1 + a20 * r2 + u;
    const n1 = a01 * r0 + a11 * r1 + a21 * r2;
    r2 = a02 * r0 + a12 * r1 + a22 * r2;
    r0 = n0;
    r1 = n1;
  }
  return smoothed;
}
