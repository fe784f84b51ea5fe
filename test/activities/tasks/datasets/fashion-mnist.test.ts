import assert from 'node:assert/strict';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { DataSetError } from '../../../../activities/tasks/datasets/data-set.ts';
import { loadFashionMnist } from '../../../../activities/tasks/datasets/fashion-mnist.ts';

const INSTALLED = fileURLToPath(new URL('../../../../.local/data', import.meta.url));

describe('Fashion-MNIST', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fire-pbt-data-'));
    await cp(join(INSTALLED, 'fashion-mnist'), join(folder, 'fashion-mnist'), { recursive: true });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('has 60,000 training and 10,000 test images, each class equally often', () => {
    const { training, test } = loadFashionMnist(INSTALLED);
    for (const [{ count, pixels, labels }, expected] of [
      [training, 60_000],
      [test, 10_000],
    ] as const) {
      assert.equal(count, expected);
      assert.equal(pixels.length, expected * 784);
      const perClass = Array.from({ length: 10 }, (_, one) => labels.filter((label) => label === one).length);
      assert.deepEqual(perClass, Array(10).fill(expected / 10));
    }
  });

  it('refuses a file with other content by name, before and after', async () => {
    const path = join(folder, 'fashion-mnist', 't10k-labels-idx1-ubyte.gz');
    await writeFile(path, gzipSync(new Uint8Array(10_008)));
    assert.throws(
      () => loadFashionMnist(folder),
      (error) =>
        error instanceof DataSetError &&
        new RegExp(
          String.raw`^Cannot use data file .*t10k-labels-idx1-ubyte\.gz: expected its decompressed ` +
            String.raw`content to have SHA-256 0402a9\w+, got \w{64}$`,
        ).test(error.message),
    );
    await writeFile(path, gzipSync(new Uint8Array(10_008)).subarray(0, 20));
    assert.throws(() => loadFashionMnist(folder), {
      name: 'DataSetError',
      message: /t10k-labels-idx1-ubyte\.gz: its gzip data end early\. Run `npm run setup` \(/,
    });
  });

  it('names a missing file and says what to run', () => {
    assert.throws(() => loadFashionMnist(join(folder, 'none')), {
      name: 'DataSetError',
      message:
        /^Cannot read data file .*none.*train-images-idx3-ubyte\.gz: there is no such file\. Run `npm run setup` \(/,
    });
  });
});
