import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomStream, shuffled } from '../../../workflows/algorithm/index.ts';
import type { RandomStream } from '../../../workflows/algorithm/index.ts';
import { philox } from '../../../workflows/algorithm/random.ts';

test('Philox-4x32-10 gives its published known answers', () => {
  const answers = [
    { block: [0, 0, 0, 0], key: [0, 0], out: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
    {
      block: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      out: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      block: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      out: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ] as const;
  for (const { block, key, out } of answers) {
    const words = Uint32Array.from(block);
    philox(words, key[0], key[1]);
    assert.deepEqual([...words], [...out]);
  }
});

test('Philox-4x32-10 agrees with 64-bit arithmetic on big integers', () => {
  const stream = randomStream(2, 'philox');
  for (let i = 0; i < 500; i++) {
    const words = Array.from({ length: 6 }, () => stream.integer(4294967296));
    const block = Uint32Array.from(words.slice(0, 4));
    philox(block, words[4] ?? 0, words[5] ?? 0);
    assert.deepEqual([...block], philoxOnBigIntegers(words));
  }
});

test('a stream gives the recorded numbers', () => {
  const stream = randomStream(0, 'explore', 'P1', 12, 3);
  assert.deepEqual(
    [stream.next(), stream.integer(10), stream.integer(1000), stream.normal(), stream.normal(), stream.next()],
    KNOWN.explore,
  );
  assert.deepEqual([...shuffled(10, randomStream(4294967295, 'batch', 7))], KNOWN.shuffled);
  assert.equal(randomStream(1).next(), KNOWN.unnamed);
  assert.equal(randomStream(1, 'größe', '🔥', -1.5).next(), KNOWN.unicode);
});

test('a stream depends only on seed and name', () => {
  const first = randomStream(5, 'a', 1);
  const second = randomStream(5, 'a', 1);
  randomStream(5, 'b').next();
  assert.deepEqual(draw(first, 20), draw(second, 20));
});

test('names with different parts, types, boundaries or numbers of parts give different streams', () => {
  const names: (string | number)[][] = [
    [],
    [''],
    ['', ''],
    ['a'],
    ['a', ''],
    ['', 'a'],
    ['ab'],
    ['a', 'b'],
    ['b', 'a'],
    ['a\0'],
    [1],
    ['1'],
    [1, 1],
    [11],
    ['P1', 12],
    ['P11', 2],
    [-1],
    [0],
    ['0'],
  ];
  const seeds = [0, 1, 4294967295, 4294967296];
  const firsts = seeds.flatMap((seed) => names.map((name) => randomStream(seed, ...name).next()));
  assert.equal(new Set(firsts).size, seeds.length * names.length);
});

test('an invalid seed or limit is refused', () => {
  assert.throws(() => randomStream(-1), {
    message: 'Expected `seed` to be an integer from 0 to 9007199254740991, got `-1`',
  });
  assert.throws(() => randomStream(0.5), /Expected `seed`/);
  const stream = randomStream(1, 'limits');
  for (const limit of [0, -1, 1.5, NaN, 2 ** 53]) {
    assert.throws(() => stream.integer(limit), {
      message: `Expected \`exclusiveMax\` to be an integer from 1 to 9007199254740991, got \`${limit}\``,
    });
  }
});

test('next is uniform on [0, 1) in mean, variance and counts of 100 bins', () => {
  const values = draw(randomStream(3, 'uniform'), 100_000);
  assert.ok(values.every((value) => value >= 0 && value < 1));
  assert.ok(Math.abs(mean(values) - 0.5) < 4 * Math.sqrt(1 / 12 / values.length));
  assert.ok(Math.abs(mean(values.map((value) => (value - 0.5) ** 2)) - 1 / 12) < 0.001);
  assert.ok(
    chiSquare(
      values.map((value) => Math.floor(value * 100)),
      100,
    ) < 149,
    'chi-square with 99 degrees of freedom, 99.9 %',
  );
});

test('neighbouring streams and draws are uncorrelated', () => {
  const n = 20_000;
  const streams = Array.from({ length: n }, (_, i) => randomStream(9, 'member', i).next());
  const sequence = draw(randomStream(9, 'sequence'), n);
  for (const values of [streams, sequence]) {
    const products = values.slice(1).map((value, i) => 12 * (value - 0.5) * ((values[i] ?? 0) - 0.5));
    assert.ok(Math.abs(mean(products)) < 4 / Math.sqrt(n));
  }
  assert.ok(
    chiSquare(
      streams.map((value) => Math.floor(value * 100)),
      100,
    ) < 149,
  );
});

test('integer is uniform over small, awkward and large ranges', () => {
  const stream = randomStream(4, 'integers');
  for (const limit of [1, 2, 3, 7, 10]) {
    const values = Array.from({ length: 20_000 }, () => stream.integer(limit));
    assert.ok(values.every((value) => Number.isInteger(value) && value >= 0 && value < limit));
    assert.ok(limit === 1 || chiSquare(values, limit) < 30);
  }
  for (const limit of [3221225472, 4294967296, 4294967297, 6755399441055744, Number.MAX_SAFE_INTEGER]) {
    const values = Array.from({ length: 2000 }, () => stream.integer(limit));
    assert.ok(values.every((value) => Number.isSafeInteger(value) && value >= 0 && value < limit));
    assert.ok(Math.abs(mean(values) / limit - 0.5) < 0.03, `mean below ${limit}`);
  }
});

test('normal has the moments and tails of a standard normal', () => {
  const stream = randomStream(5, 'normal');
  const values = Array.from({ length: 100_000 }, () => stream.normal());
  assert.ok(Math.abs(mean(values)) < 0.013);
  assert.ok(Math.abs(mean(values.map((value) => value ** 2)) - 1) < 0.02);
  assert.ok(Math.abs(mean(values.map((value) => value ** 3))) < 0.06);
  assert.ok(Math.abs(mean(values.map((value) => value ** 4)) - 3) < 0.15);
  assert.ok(Math.abs(mean(values.map((value) => (Math.abs(value) > 1.959964 ? 1 : 0))) - 0.05) < 0.003);
});

test('shuffled gives every permutation equally often', () => {
  const stream = randomStream(6, 'permutations');
  const seen = Array.from({ length: 24_000 }, () => [...shuffled(4, stream)].join(''));
  const names = [...new Set(seen)].sort();
  assert.equal(names.length, 24);
  assert.ok(
    chiSquare(
      seen.map((one) => names.indexOf(one)),
      24,
    ) < 50,
  );
  assert.deepEqual([...shuffled(0, stream)], []);
  assert.deepEqual(
    [...shuffled(1000, stream)].sort((a, b) => a - b),
    Array.from({ length: 1000 }, (_, i) => i),
  );
});

const KNOWN = {
  explore: [0.37092594585287575, 5, 429, 0.01211106642244981, -0.523364373020222, 0.14247847474981168],
  shuffled: [4, 2, 9, 1, 6, 8, 3, 7, 0, 5],
  unnamed: 0.6355099652949412,
  unicode: 0.53060750151287,
};

function draw(stream: RandomStream, count: number): number[] {
  return Array.from({ length: count }, () => stream.next());
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function chiSquare(bins: readonly number[], count: number): number {
  const counts = new Array<number>(count).fill(0);
  for (const bin of bins) counts[bin] = (counts[bin] ?? 0) + 1;
  const expected = bins.length / count;
  return counts.reduce((sum, one) => sum + (one - expected) ** 2 / expected, 0);
}

function philoxOnBigIntegers(words: readonly number[]): number[] {
  const mask = 0xffffffffn;
  let [a = 0n, b = 0n, c = 0n, d = 0n, k0 = 0n, k1 = 0n] = words.map(BigInt);
  for (let round = 0; round < 10; round++) {
    const first = 0xd2511f53n * a;
    const second = 0xcd9e8d57n * c;
    [a, b, c, d] = [(second >> 32n) ^ b ^ k0, second & mask, (first >> 32n) ^ d ^ k1, first & mask];
    k0 = (k0 + 0x9e3779b9n) & mask;
    k1 = (k1 + 0xbb67ae85n) & mask;
  }
  return [a, b, c, d].map(Number);
}
