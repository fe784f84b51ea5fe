/**
 * The `fixed` smoothing model: Gaussian-process regression with the squared-exponential kernel of length-scale 1 and
 * unit variance, jitter 1e-10.
 *
 * On positions between 0 and 1 that kernel has, numerically, a low rank. With x measured from the middle, exp(−(x −
 * y)²/2) = Σ_k φ_k(x) φ_k(y),   φ_k(x) = exp(−x²/2) x^k / √k!, and since |xy| ≤ ¼ the terms from k = m on add up to
 * less than 1.01·¼^m/m!: 5e-20 for m = 14, far below the jitter. So with Φ the n × m matrix of features, the posterior
 * mean is that of ridge regression, Φ (ΦᵀΦ + σI)⁻¹ Φᵀ y,   σ = jitter, which is Q₁Q₁ᵀy for the orthonormal basis [Q₁;
 * Q₂] of the columns of [Φ; √σ·I]: linear time, and at the square root of the kernel matrix's condition.
 */
import { exp } from './exponential.ts';
import { LruCache } from './lru-cache.ts';

const FEATURES = 14;
const JITTER = 1e-10;

/** Numbers that the kept bases have together: a round smooths many curves of few lengths. */
const MEMORY = 500_000;
const bases = new LruCache<number, readonly Float64Array[]>(MEMORY, ([column]) => FEATURES * (column?.length ?? 0));

/** Returns the posterior mean at the scores' own positions; scores are standardised, two or more. */
export function smoothFixed(standardised: readonly number[]): number[] {
  const smoothed = new Float64Array(standardised.length);
  for (const column of basis(standardised.length)) {
    let projection = 0;
    for (let i = 0; i < column.length; i++) projection += column[i]! * standardised[i]!;
    for (let i = 0; i < column.length; i++) smoothed[i]! += projection * column[i]!;
  }
  return [...smoothed];
}

/** The columns of Q₁ for n points. They depend on n alone, so that caching them changes no result. */
function basis(n: number): readonly Float64Array[] {
  const known = bases.get(n);
  if (known) return known;

  const columns = orthonormalise(features(n)).map((column) => column.slice(0, n));
  bases.set(n, columns);
  return columns;
}

/** The columns of [Φ; √σ·I], n + m long. */
function features(n: number): Float64Array[] {
  const columns = Array.from({ length: FEATURES }, () => new Float64Array(n + FEATURES));
  for (let i = 0; i < n; i++) {
    const x = i / n - 0.5;
    let feature = exp((-x * x) / 2);
    for (const [k, column] of columns.entries()) {
      column[i] = feature;
      feature *= x / Math.sqrt(k + 1);
    }
  }
  for (const [k, column] of columns.entries()) column[n + k] = Math.sqrt(JITTER);
  return columns;
}

/** Gram and Schmidt's way, in place; each column is projected twice, which leaves it orthogonal to the last bit. */
function orthonormalise(columns: Float64Array[]): Float64Array[] {
  for (const [k, column] of columns.entries()) {
    for (let pass = 0; pass < 2; pass++) {
      for (const other of columns.slice(0, k)) {
        const projection = dot(other, column);
        for (let i = 0; i < column.length; i++) column[i]! -= projection * other[i]!;
      }
    }
    const norm = Math.sqrt(dot(column, column));
    for (let i = 0; i < column.length; i++) column[i]! /= norm;
  }
  return columns;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
