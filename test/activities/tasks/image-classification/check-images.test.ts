/**
 * What is found in a data set's files when a run is planned.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import sharp from 'sharp';
import type { TaskComplaint } from '../../../../activities/contracts/task.ts';
import { registryWith } from '../../../../activities/tasks/shipped.ts';
import { tellComplaints } from '../../../../activities/tasks/registry.ts';
import { describe as describeTask } from '../../../../activities/training/describe.ts';
import fashionMnist from '../../../../activities/tasks/datasets/fashion-mnist.json' with { type: 'json' };
import { dataFolder } from '../datasets/data-files.ts';

describe('the files of a data set, before a run is planned', () => {
  const files = dataFolder();
  const write = (name: string, bytes: Uint8Array): void => {
    mkdirSync(join(files.path, name, '..'), { recursive: true });
    files.write(name, bytes);
  };
  const taskOf = (dataset: object, change: object = {}) => ({
    kind: 'image-classification',
    dataset: 'kind' in dataset ? dataset : { kind: 'folder', train: join(files.path, 'train'), size: 8, ...dataset },
    model: { kind: 'perceptron', hidden: [4] },
    objectiveExamples: 4,
    untouchedExamples: 4,
    batchSize: 4,
    ...change,
  });
  const complaintsOf = async (task: ReturnType<typeof taskOf>): Promise<readonly string[]> => {
    const complaints: readonly TaskComplaint[] = await registryWith().check(task, '');
    return complaints.map((complaint) => tellComplaints({ task }, [complaint]));
  };
  const trainOf = (folder: string) => ({ train: join(files.path, folder) });

  before(async () => {
    const image = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#abc' } })
      .png()
      .toBuffer();
    for (let index = 0; index < 12; index++) write(`train/${index % 2 === 0 ? 'a' : 'b'}/${index}.png`, image);
    for (const file of ['one/x.png', 'two/x.png']) write(join('few', file), image);
    write('hollow/one/x.png', image);
    write('hollow/two/notes.txt', Uint8Array.of());
    write('single/one/x.png', image);
    for (let index = 0; index < 12; index++) write(`broken/${index % 2}/${index}.png`, image);
    write('broken/0/text.png', Uint8Array.of(1, 2, 3));
    write('all-broken/one/x.png', Uint8Array.of(1));
    for (let index = 0; index < 12; index++) write(`all-broken/two/${index}.png`, Uint8Array.of(2));
    write('val/c/x.png', image);
  });

  it('have no error if all is well, whatever the images are', async () => {
    assert.deepEqual(await complaintsOf(taskOf({})), []);
    assert.deepEqual(await complaintsOf(taskOf({ ...trainOf('broken'), broken: 'skip' })), []);
  });

  for (const [what, dataset, message] of [
    [
      'no such folder',
      trainOf('none'),
      /^Expected `task.dataset` to be a data set .*Cannot read image folder .*none: ENOENT/,
    ],
    ['one class', trainOf('single'), /single: expected a folder for each of at least two classes, got "1"`$/],
    ['a class without images', trainOf('hollow'), /hollow\/two: expected at least one \.jpg/],
    ['test images of another class', { test: join(files.path, 'val') }, /val\/c: expected the name of a class/],
    [
      'a file that is no image',
      trainOf('broken'),
      /^Expected `task.dataset` to be images that are not broken .*text\.png: /,
    ],
    ['only broken images', { ...trainOf('all-broken'), broken: 'skip' }, /13 images, all broken/],
    [
      'too few images',
      trainOf('few'),
      /^Expected `task.objectiveExamples` to be at most 0: 2 training images, .*got `4`$/,
    ],
    ['a missing file', { kind: 'module', path: '/none.mjs' }, /`task.dataset.path` to be .*\/none\.mjs/],
  ] as const) {
    it(`are refused for ${what}`, async () => {
      const complaints = await complaintsOf(taskOf(dataset));
      assert.equal(complaints.length, 1, complaints.join('\n'));
      assert.match(complaints[0] ?? '', message);
    });
  }

  it('are looked for where Fashion-MNIST is installed', async () => {
    const task = { ...taskOf({}), dataset: 'fashion-mnist' };
    const [complaint, ...others] = await registryWith().check(task, files.path);
    assert.deepEqual(others, []);
    assert.equal(
      complaint && tellComplaints({ task }, [complaint]),
      'Expected `task.dataset` to be a data set that can be used, got `Cannot read data file ' +
        `${join(files.path, 'fashion-mnist', 'train-images-idx3-ubyte.gz')}: there is no such file. ` +
        'Run "npm run setup" (with the npm package: "npx fire-pbt setup")`',
    );
    for (const { name } of fashionMnist.files) write(join('fashion-mnist', name), Uint8Array.of(0));
    assert.deepEqual(await registryWith().check(task, files.path), []);
  });

  it('are looked at when a trainer describes the task', async () => {
    const task = taskOf({}, { normalisation: { mean: [0.5], deviation: [0.5] } });
    await assert.rejects(describeTask({ task, threads: 1 }, 1, registryWith(), ''), {
      type: 'InvalidTask',
      nonRetryable: true,
      message: 'Expected `task.normalisation.mean` to be one number a channel: 3 for `rgb`, got `1`',
    });
    const { label } = await describeTask({ task: taskOf({}), threads: 1 }, 1, registryWith(), '');
    assert.equal(label, 'image-classification/folder');
  });
});
