/**
 * Named, counter-based random streams: the only source of randomness of a run.
 *
 * A stream is Philox-4x32 with 10 rounds (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC
 * 2011): block number k of a stream is a pure function of the seed, the stream's name and k. Nothing but 32-bit integer
 * arithmetic, so the bits are the same on every engine; nothing is shared between streams, so what one purpose draws
 * never moves what another gets.
 */
import { log } from './exponential.ts';

/** Draws from one named stream; each call advances it. */
export interface RandomStream {
  /** Uniform over the multiples of 2^-53 in [0, 1). */
  next(): number;
  /** Uniform over 0 … exclusiveMax − 1, without bias; exclusiveMax is an integer from 1 to 2^53 − 1. */
  integer(exclusiveMax: number): number;
  /** Standard normal (Marsaglia's polar method). */
  normal(): number;
}

const ROUNDS = 10;
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const TWO_TO_32 = 4294967296;
const TWO_TO_53 = 9007199254740992;

/**
 * Returns the stream of that name: by convention the purpose, then what it is for, as in `randomStream(seed, 'explore',
 * 'P1', round, member)`. Names that differ in any part, in the number of parts or in a part's type (1, '1') give
 * unrelated streams.
 *
 * @param seed integer from 0 to 2^53 − 1
 * @throws Error if the seed is not an integer from 0 to 2^32 − 1
 */
export function randomStream(seed: number, ...name: readonly (string | number)[]): RandomStream {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new Error(`Expected \`seed\` to be an integer from 0 to ${Number.MAX_SAFE_INTEGER}, got \`${seed}\``);
  return new PhiloxStream(hashName(seed, name));
}

/** Returns a uniformly random permutation of 0 … count − 1 (Fisher and Yates). */
export function shuffled(count: number, stream: RandomStream): Uint32Array {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const j = stream.integer(i + 1);
    order[i] = order[j]!;
    order[j] = i;
  }
  return order;
}

/** Enciphers a block of four 32-bit words in place under a key of two. Exported for its known answers. */
export function philox(block: Uint32Array, key0: number, key1: number): void {
  let a = block[0]!;
  let b = block[1]!;
  let c = block[2]!;
  let d = block[3]!;
  let k0 = key0;
  let k1 = key1;
  for (let round = 0; round < ROUNDS; round++) {
    const highA = highProduct(MULTIPLIER_0, a);
    const lowA = Math.imul(MULTIPLIER_0, a);
    const highC = highProduct(MULTIPLIER_1, c);
    const lowC = Math.imul(MULTIPLIER_1, c);
    a = (highC ^ b ^ k0) >>> 0;
    b = lowC >>> 0;
    c = (highA ^ d ^ k1) >>> 0;
    d = lowA >>> 0;
    k0 = (k0 + WEYL_0) | 0;
    k1 = (k1 + WEYL_1) | 0;
  }
  block[0] = a;
  block[1] = b;
  block[2] = c;
  block[3] = d;
}

/** Upper 32 bits of the 64-bit product of two unsigned 32-bit integers, by halves of 16 bits. */
function highProduct(x: number, y: number): number {
  const xHigh = x >>> 16;
  const xLow = x & 0xffff;
  const yHigh = y >>> 16;
  const yLow = y & 0xffff;
  const lowLow = Math.imul(xLow, yLow) >>> 0;
  const highLow = (Math.imul(xHigh, yLow) >>> 0) + (lowLow >>> 16);
  const lowHigh = (Math.imul(xLow, yHigh) >>> 0) + (highLow & 0xffff);
  return (Math.imul(xHigh, yHigh) >>> 0) + Math.floor(highLow / 65536) + Math.floor(lowHigh / 65536);
}

/**
 * Condenses seed and name into 128 bits: words are mixed in one by one, each enciphered under its position before the
 * next.
 */
function hashName(seed: number, name: readonly (string | number)[]): Uint32Array {
  const state = new Uint32Array(4);
  let position = 0;
  const absorb = (low: number, high: number): void => {
    state[0]! ^= low;
    state[1]! ^= high;
    philox(state, position++, name.length);
  };
  absorb(seed >>> 0, Math.floor(seed / TWO_TO_32));
  for (const part of name) {
    // Tag and length first, so that no two names run into each other.
    const text = String(part);
    absorb(typeof part === 'string' ? 1 : 2, text.length);
    for (let i = 0; i < text.length; i += 2)
      absorb(text.charCodeAt(i), i + 1 < text.length ? text.charCodeAt(i + 1) : 0);
  }
  return state;
}

/** Blocks 0, 1, 2 … under half of the name's hash as key, beside the other half. */
class PhiloxStream implements RandomStream {
  private readonly hash: Uint32Array;
  private readonly block = new Uint32Array(4);
  private used = 4;
  private counter = 0;
  private spare: number | undefined;

  constructor(hash: Uint32Array) {
    this.hash = hash;
  }

  next(): number {
    const high = this.word() >>> 5;
    const low = this.word() >>> 6;
    return (high * 67108864 + low) / TWO_TO_53;
  }

  integer(exclusiveMax: number): number {
    if (!Number.isSafeInteger(exclusiveMax) || exclusiveMax < 1) {
      throw new Error(
        `Expected \`exclusiveMax\` to be an integer from 1 to ${Number.MAX_SAFE_INTEGER}, got \`${exclusiveMax}\``,
      );
    }
    // Draws from the incomplete last multiple of exclusiveMax are thrown away: they would favour small numbers.
    const small = exclusiveMax <= TWO_TO_32;
    const range = small ? TWO_TO_32 : TWO_TO_53;
    const limit = range - (range % exclusiveMax);
    for (;;) {
      const drawn = small ? this.word() : this.next() * TWO_TO_53;
      if (drawn < limit) return drawn % exclusiveMax;
    }
  }

  normal(): number {
    if (this.spare !== undefined) {
      const spare = this.spare;
      this.spare = undefined;
      return spare;
    }
    for (;;) {
      const x = 2 * this.next() - 1;
      const y = 2 * this.next() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * log(square)) / square);
      this.spare = y * factor;
      return x * factor;
    }
  }

  private word(): number {
    if (this.used === 4) {
      this.block[0] = this.counter >>> 0;
      this.block[1] = Math.floor(this.counter / TWO_TO_32);
      this.block[2] = this.hash[2]!;
      this.block[3] = this.hash[3]!;
      philox(this.block, this.hash[0]!, this.hash[1]!);
      this.counter++;
      this.used = 0;
    }
    return this.block[this.used++]!;
  }
}
