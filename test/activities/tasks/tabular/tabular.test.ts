/**
 * What users bring as CSV files, on small data.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { randomStream } from '../../../../workflows/algorithm/index.ts';
import { loadTensorFlow } from '../../../../activities/tasks/tensorflow/library.ts';
import { tabular } from '../../../../activities/tasks/tabular/tabular.ts';
import { dataFolder } from '../datasets/data-files.ts';
import { digestOf, loadExported, textOf, trainFromNothing, withSession } from '../open-session.ts';

process.env['TF_NUM_INTRAOP_THREADS'] = '1';
process.env['TF_CPP_MIN_LOG_LEVEL'] = '2';

interface Description {
  readonly input: { readonly length: number; readonly columns: readonly Readonly<Record<string, unknown>>[] };
  readonly output: { readonly classes?: readonly string[]; readonly mean?: number; readonly deviation?: number };
  readonly testScores: Readonly<Record<string, number>>;
}

const ROWS = 300;
const COLOURS = ['red', 'green', 'blue'] as const;

interface House {
  readonly area: number;
  readonly age: number | undefined;
  readonly colour: (typeof COLOURS)[number];
  readonly price: number;
  readonly kind: string;
}

function houses(count: number, purpose: string): House[] {
  const stream = randomStream(5, purpose);
  return Array.from({ length: count }, (_, index) => {
    const area = 50 + stream.integer(100);
    const age = stream.integer(60);
    const colour = COLOURS[stream.integer(3)]!;
    const price = 1000 * (2 * area - age + (colour === 'red' ? 40 : 0));
    const kind = area > 110 ? 'villa' : colour === 'blue' ? 'hut' : 'flat';
    return { area, age: index % 15 === 0 ? undefined : age, colour, price, kind };
  });
}

function csvOf(rows: readonly House[], separator = ',', decimal = '.'): string {
  const number = (value: number): string => value.toFixed(1).replace('.', decimal);
  const lines = rows.map(({ area, age, colour, price, kind }, index) =>
    [`house-${index}`, number(area), age === undefined ? 'NA' : number(age), `"${colour}"`, number(price), kind].join(
      separator,
    ),
  );
  return `${['name', 'area', 'age', 'colour', 'price', 'kind'].join(separator)}\n${lines.join('\n')}\n`;
}

describe('the tabular task', () => {
  const folder = dataFolder();
  const file = folder.write('houses.csv', csvOf(houses(ROWS, 'training')));
  const testFile = folder.write('test.csv', csvOf(houses(100, 'test')));
  const regression = { problem: 'regression', file, target: 'price', ignore: ['name', 'kind'], hidden: [16] };
  const classification = { problem: 'classification', file, target: 'kind', ignore: ['name', 'price'], hidden: [16] };
  const hyperparameters = { learningRate: 0.01 };

  it('learns a number, and tells errors in its units', async () => {
    await withSession(tabular, { ...regression, testFile }, { hyperparameters }, async (session) => {
      await session.initialise();
      await session.train(0, 600);
      const score = await session.measure();
      assert.ok(typeof score === 'number' && score > 0.95, `score ${score}`);
      const report = await session.report();
      const { input, output, testScores } = JSON.parse(textOf(report, 'description.json')) as Description;
      assert.equal(report.testScore, testScores['r2']);
      assert.ok(testScores['r2']! > 0.95);
      assert.ok(testScores['rmse']! < -100 && testScores['rmse']! > -20_000, `rmse ${testScores['rmse']}`);
      assert.ok(testScores['mae']! > testScores['rmse']!);
      // Area, age and whether it is missing, three colours.
      assert.equal(input.length, 6);
      assert.ok(output.mean! > 150_000 && output.mean! < 220_000, `mean ${output.mean}`);
    });
  });

  it('learns a category of a German file', async () => {
    const german = folder.write('german.csv', csvOf(houses(ROWS, 'training'), ';', ','));
    const format = { separator: ';', decimal: ',' };
    const settings = { ...classification, ...format, file: german, optimizer: 'adamw' };
    await withSession(tabular, settings, { hyperparameters }, async (session) => {
      await session.initialise();
      await session.train(0, 300);
      const score = await session.measure();
      assert.ok(typeof score === 'number' && score > 0.9, `score ${score}`);
      const { output, testScores } = JSON.parse(textOf(await session.report(), 'description.json')) as Description;
      assert.deepEqual(output.classes, ['flat', 'hut', 'villa']);
      assert.ok(testScores['f1']! > 0.8 && testScores['cross-entropy']! > -0.5, JSON.stringify(testScores));
    });
  });

  for (const [settings, lowest] of [
    [{ ...classification, score: 'cross-entropy' }, -0.5],
    [{ ...classification, score: 'f1' }, 0.8],
    [{ ...regression, score: 'rmse' }, -20_000],
    [{ ...regression, score: 'mae' }, -20_000],
  ] as const)
    it(`takes ${settings.score} for the score`, async () => {
      const untrained = await trainFromNothing(tabular, settings, 0, { hyperparameters });
      const { score } = await trainFromNothing(tabular, settings, 400, { hyperparameters });
      assert.ok(typeof score === 'number' && score > lowest, `score ${score}`);
      assert.ok(score > Number(untrained.score), 'training does not raise the score');
    });

  it('exports a layers model that answers in units of the target', async () => {
    const { tfjs } = loadTensorFlow();
    await withSession(tabular, { ...regression, batchNormalisation: true }, { hyperparameters }, async (session) => {
      await session.initialise();
      await session.train(0, 400);
      const report = await session.report();
      const { input } = JSON.parse(textOf(report, 'description.json')) as Description;
      const model = await loadExported(tfjs, report);
      const [area, age] = input.columns as readonly { readonly mean: number; readonly deviation: number }[];
      const price = (square: number): number =>
        tfjs.tidy(() => {
          const inputs = [(square - area!.mean) / area!.deviation, (20 - age!.mean) / age!.deviation, 0, 0, 1, 0];
          return (model.predict(tfjs.tensor2d([inputs])) as Tfjs.Tensor).dataSync()[0]!;
        });
      // A green house: 1000 · (2 · area − age).
      const [small, large] = [price(80), price(120)];
      assert.ok(Math.abs(small - 140_000) < 25_000, `price ${small}`);
      assert.ok(Math.abs(large - 220_000) < 25_000, `price ${large}`);
      model.dispose();
    });
  });

  it('comes out the same however steps are cut', async () => {
    const settings = { ...classification, batchNormalisation: true };
    const given = { ...hyperparameters, dropout: 0.3, labelSmoothing: 0.1, activation: 'gelu', batchSize: 8 };
    const whole = await trainFromNothing(tabular, settings, 12, { hyperparameters: given });
    const half = await trainFromNothing(tabular, settings, 5, { hyperparameters: given });
    await withSession(tabular, settings, { hyperparameters: given }, async (session) => {
      await session.restore(half.state);
      await session.train(5, 9);
      await session.measure();
      await session.train(9, 12);
      assert.equal(digestOf(await session.save()), digestOf(whole.state));
    });
  });

  for (const [what, change, message] of [
    ['a target that is no column', { target: 'cost' }, /expected a column named `cost`/],
    ['a target that is no number', { target: 'kind' }, /expected numbers in column `kind`, got `\w+ in line 2`/],
    [
      'a target with gaps',
      { target: 'age' },
      /a value in column `age`, the target, in each line, got `none in line 2`/,
    ],
    [
      'nothing besides the target',
      { ignore: ['name', 'area', 'age', 'colour', 'kind'] },
      /a column besides the target/,
    ],
    ['a file that is not there', { file: '/nowhere/houses.csv' }, /^Cannot read data file .* there is no such file/],
    ['too few rows for a part', { objectiveShare: 0.001 }, /expected enough rows for at least one in each part/],
    ['a batch of more rows than there are', { batchSize: 200 }, /at least one batch \(200\).* got `180` rows/],
  ] as const)
    it(`says what is wrong with ${what}`, () =>
      assert.rejects(
        trainFromNothing(tabular, { ...regression, ...change }, 0, { hyperparameters }),
        ({ message: found }: Error) => {
          assert.match(found, message);
          return true;
        },
      ));

  it('says what is wrong with classes', async () => {
    const one = folder.write('one.csv', 'area,kind\n1,a\n2,a\n3,a\n4,a\n5,a\n');
    const settings = { problem: 'classification', file: one, target: 'kind', hidden: [4], batchSize: 1 };
    await assert.rejects(trainFromNothing(tabular, settings, 0, { hyperparameters }), {
      message: `Cannot use data file ${one}: expected at least two classes in column \`kind\`, got \`a\``,
    });
  });

  it('refuses shares that leave nothing to train on', () => {
    const { error } = tabular.settings.safeParse({ ...regression, objectiveShare: 0.6, testShare: 0.4 });
    assert.deepEqual(
      error?.issues.map(({ path }) => path),
      [['testShare']],
    );
    assert.ok(tabular.settings.safeParse({ ...regression, testFile, objectiveShare: 0.6, testShare: 0.4 }).success);
  });
});
