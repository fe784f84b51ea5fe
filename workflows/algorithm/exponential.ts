/**
 * exp and log from exactly rounded operations only, so that every engine gives the same bits (ECMAScript leaves
 * `Math.exp` and `Math.log` to the engine). Errors stay below 2 units in the last place.
 */

// ln 2 in two parts: the first has its low 21 bits clear, so its product with any binary exponent is exact.
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const INVERSE_LN2 = 1.4426950408889634;
const SQRT2 = 1.4142135623730951;

const EXP_OVERFLOW = 709.782712893384;
const EXP_UNDERFLOW = -745.1332191019412;
const TWO_TO_52 = 4503599627370496;

/** 1/2!, 1/3!, … 1/14!: the last term is below 2e-18 for |r| ≤ ½ ln 2. */
const INVERSE_FACTORIALS = Array.from({ length: 13 }, (_, index) => 1 / factorial(index + 2));

/** Returns e to the power of x; 0 below the smallest double, Infinity above the largest, NaN for NaN. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (x > EXP_OVERFLOW) return Infinity;
  if (x < EXP_UNDERFLOW) return 0;

  // e^x = 2^k · e^r with |r| ≤ ½ ln 2; r is carried in two parts.
  const k = Math.round(x * INVERSE_LN2);
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low;
  const lost = high - r - low;

  let series = 0;
  for (let index = INVERSE_FACTORIALS.length - 1; index >= 0; index--)
    series = series * r + (INVERSE_FACTORIALS[index] ?? 0);
  const mantissa = 1 + (r + (series * r * r + lost * (1 + r)));

  // In two steps, the first of which is exact: 2^k itself may lie outside the range of doubles.
  const half = Math.trunc(k / 2);
  return mantissa * powerOfTwo(half) * powerOfTwo(k - half);
}

/** Returns the natural logarithm of x; -Infinity for 0, NaN for negative numbers and NaN. */
export function log(x: number): number {
  if (Number.isNaN(x) || x < 0) return NaN;
  if (x === 0) return -Infinity;
  if (x === Infinity) return Infinity;

  // x = 2^k · (1 + f) with 1 + f between √½ and √2: log x = k ln 2 + log(1 + f).
  const { mantissa, exponent } = decompose(x);
  const above = mantissa > SQRT2;
  const k = above ? exponent + 1 : exponent;
  const f = (above ? mantissa / 2 : mantissa) - 1;

  // log(1 + f) = 2 artanh(s) = 2s + s·rest with s = f / (2 + f), and 2s = f − s·f.
  const s = f / (2 + f);
  const square = s * s;
  let rest = 0;
  for (let odd = 23; odd >= 3; odd -= 2) rest = (rest + 2 / odd) * square;
  return k * LN2_HIGH + (f - (s * (f - rest) - k * LN2_LOW));
}

/** 2^k for integers −1074 ≤ k ≤ 1023, exactly. */
export function powerOfTwo(k: number): number {
  let power = 1;
  let base = k < 0 ? 0.5 : 2;
  for (let left = Math.abs(k); left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power *= base;
    base *= base;
  }
  return power;
}

const bits = new DataView(new ArrayBuffer(8));

/** x = mantissa · 2^exponent with 1 ≤ mantissa < 2, for finite x > 0. */
function decompose(x: number): { mantissa: number; exponent: number } {
  bits.setFloat64(0, x);
  const biased = (bits.getUint32(0) >>> 20) & 0x7ff;
  if (biased === 0) {
    const { mantissa, exponent } = decompose(x * TWO_TO_52);
    return { mantissa, exponent: exponent - 52 };
  }
  bits.setUint32(0, (bits.getUint32(0) & 0x000fffff) | 0x3ff00000);
  return { mantissa: bits.getFloat64(0), exponent: biased - 1023 };
}

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}
