import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidComparison } from '../../../activities/comparison/input.ts';
import { comparisonOf } from '../../shipped-tasks.ts';
import { SMALL } from '../../small-run.ts';

const ARM_NAME_RULE = 'named with 1 to 60 letters, digits, dots, dashes or underscores, neither dots nor digits alone';
const SPECIFICATION_KEYS =
  'task, seed, steps, stepsPerRound, evalEvery, subPopulations, evaluation, smoothing, hyperparameters, schedule, ' +
  'winner, threads, storage, trainers';

function complaints(input: unknown): readonly string[] {
  try {
    comparisonOf(input);
  } catch (error) {
    assert.ok(error instanceof InvalidComparison);
    return error.complaints;
  }
  return [];
}

describe("a comparison's input", () => {
  it('has its defaults filled in', () => {
    const { atOnce, retrace, seeds, specifications } = comparisonOf({ arms: { FIRE: SMALL }, seeds: [3, 1] });
    assert.deepEqual([atOnce, retrace, seeds], [1, false, [3, 1]]);
    assert.equal(specifications['FIRE']?.storage.keepRounds, 2);
  });

  it('is refused with all errors at once, and with the path of each', () => {
    const { steps: _, ...endless } = SMALL;
    assert.deepEqual(
      complaints({
        arms: { 'A-1': endless, '..': SMALL, '7': SMALL, 'a/b': { ...SMALL, from: 'x/y' } },
        seeds: [0, -1, 0],
        atOnce: 0,
        retrace: 'yes',
        seed: 3,
      }),
      [
        'Expected `arms["A-1"].steps` to be an integer from 1 to 1000000000, got `undefined`',
        `Expected \`arms["a/b"].from\` to be absent (known keys: ${SPECIFICATION_KEYS}), got \`"x/y"\``,
        'Expected `seeds[1]` to be an integer from 0 to 4294967295, got `-1`',
        'Expected `atOnce` to be an integer from 1 to 50, got `0`',
        'Expected `retrace` to be `true` or `false`, got `"yes"`',
        'Expected `seed` to be absent (known keys: arms, seeds, atOnce, retrace), got `3`',
        `Expected \`arms["7"]\` to be ${ARM_NAME_RULE}, got \`7\``,
        `Expected \`arms[".."]\` to be ${ARM_NAME_RULE}, got \`..\``,
        `Expected \`arms["a/b"]\` to be ${ARM_NAME_RULE}, got \`a/b\``,
        'Expected `seeds[2]` to be different from those before it, got `0`',
      ],
    );
  });

  for (const [what, input, complaint] of [
    [
      'is no object',
      null,
      'Expected `comparison` to be an object with the keys arms, seeds, atOnce, retrace, got `null`',
    ],
    [
      'has no arms',
      { arms: {}, seeds: [0] },
      'Expected `arms` to be an object with 1 to 50 arms and the specification of each, got `{}`',
    ],
    ['has no seeds', { arms: { A: SMALL }, seeds: [] }, 'Expected `seeds` to be an array of 1 to 450 seeds, got `[]`'],
    [
      'has too many runs',
      { arms: { A: SMALL, B: SMALL }, seeds: Array.from({ length: 226 }, (_, seed) => seed) },
      'Expected `seeds` to be an array of 1 to 225 seeds (450 runs in all), got `226 seeds`',
    ],
    [
      'has too many runs with their retraces',
      { arms: { A: SMALL, B: SMALL }, seeds: Array.from({ length: 113 }, (_, seed) => seed), retrace: true },
      'Expected `seeds` to be an array of 1 to 112 seeds (450 runs in all, retraces included), got `113 seeds`',
    ],
    [
      'has runs with longer schedules than its history can have',
      {
        arms: { A: { ...SMALL, steps: 40_000, evalEvery: 20 } },
        seeds: Array.from({ length: 200 }, (_, seed) => seed),
      },
      'Expected `seeds` to be an array of 1 to 171 seeds: with more, the history of the comparison may exceed ' +
        '48234496 bytes, got `200 seeds`',
    ],
    [
      'leaves a retrace no seed',
      { arms: { A: SMALL }, seeds: [2 ** 32 - 1], retrace: true },
      'Expected `seeds[0]` to be an integer from 0 to 4294966295, got `4294967295`',
    ],
    [
      "reaches for an object's prototype",
      JSON.parse('{"arms": {"__proto__": {}}, "seeds": [0]}') as unknown,
      'Expected `arms.__proto__` to be absent (a reserved name), got `a value`',
    ],
  ] as const) {
    it(`is refused if it ${what}`, () => assert.deepEqual(complaints(input), [complaint]));
  }
});
