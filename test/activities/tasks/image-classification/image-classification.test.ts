import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { decodeSafetensors } from '../../../../activities/storage/safetensors.ts';
import { loadFashionMnist } from '../../../../activities/tasks/datasets/fashion-mnist.ts';
import {
  loadTensorFlow,
  processShouldRecycle,
  tensorIdsUsed,
} from '../../../../activities/tasks/tensorflow/library.ts';
import { SMALL_PERCEPTRON, startTrainer, STORAGE, type Trainer } from '../../training/training-harness.ts';

process.env['TF_NUM_INTRAOP_THREADS'] = '1';
process.env['TF_CPP_MIN_LOG_LEVEL'] = '2';

const DATA = fileURLToPath(new URL('../../../../.local/data', import.meta.url));
const SMALL_CONVOLUTIONAL = {
  ...SMALL_PERCEPTRON,
  model: { kind: 'convolutional', filters: [2, 3], dense: 8 },
} as const;

/** A model.json. */
interface ModelFile {
  readonly modelTopology: object;
  readonly weightsManifest: readonly { readonly weights: Awaited<ReturnType<typeof Tfjs.io.encodeWeights>>['specs'] }[];
}

describe('image classification', () => {
  let trainer: Trainer;
  before(async () => {
    trainer = await startTrainer();
  });
  after(() => trainer.stop());

  for (const [task, hyperparameters] of [
    [SMALL_PERCEPTRON, { learningRate: 0.01, weightDecay: 1e-4 }],
    [{ ...SMALL_PERCEPTRON, optimizer: 'adam' }, { learningRate: 0.001 }],
    [SMALL_CONVOLUTIONAL, { learningRate: 0.01 }],
    [
      { ...SMALL_CONVOLUTIONAL, optimizer: 'adam' },
      { learningRate: 0.001, weightDecay: 1e-4 },
    ],
  ] as const) {
    it(`comes out the same in one round or two (${task.model.kind}, ${task.optimizer})`, async () => {
      const straight = await trainer.train({ task, hyperparameters, toStep: 40 });
      const first = await trainer.train({ task, hyperparameters, toStep: 20 });
      // Somebody else in between, as in a trainer's life.
      await trainer.train({
        task,
        hyperparameters: { learningRate: 0.002 },
        toStep: 10,
        worker: { subPopulation: 2, kind: 'evaluator', index: 0 },
      });
      const second = await trainer.train({
        task,
        hyperparameters,
        checkpoint: first.checkpoint,
        fromStep: 20,
        toStep: 40,
      });
      assert.equal(second.checkpoint.sha256, straight.checkpoint.sha256);
      assert.deepEqual([...first.scores, ...second.scores], straight.scores);
    });
  }

  it('gives the same checkpoint in a fresh process', async () => {
    const { checkpoint } = await trainer.train({});
    const script = fileURLToPath(new URL('train-once.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script]);
    assert.equal(stdout.trim(), checkpoint.sha256);
  });

  it('starts, and is trained, differently for each seed and each member', async () => {
    const digests = await Promise.all(
      [{}, { seed: 8 }, { worker: { subPopulation: 1, kind: 'member', index: 4 } as const }].map((request) =>
        trainer.train(request),
      ),
    );
    assert.equal(new Set(digests.map(({ checkpoint }) => checkpoint.sha256)).size, 3);
  });

  it('learns', async () => {
    const { scores } = await trainer.train({ toStep: 300, evalEvery: 100 });
    assert.ok((scores.at(-1) as number) > 0.6, `accuracies ${scores.join(', ')}`);
  });

  it('trains with the rate that is asked after restoring, and says so', async () => {
    const { checkpoint } = await trainer.train({});
    const asked = { learningRate: 0.001, momentum: 0.5, weightDecay: 0 };
    const changed = await trainer.train({ checkpoint, fromStep: 40, toStep: 50, hyperparameters: asked });
    assert.deepEqual(changed.effectiveHyperparameters, asked);
    const [before, after] = [
      await trainer.tensor(checkpoint, 'output/bias'),
      await trainer.tensor(changed.checkpoint, 'output/bias'),
    ];
    const moved = Math.max(...after.map((value, index) => Math.abs(value - before[index]!)));
    assert.ok(moved > 0 && moved < 0.01, `biases moved by ${moved}`);
  });

  it('tells divergence, and keeps the state it has', async () => {
    const { scores, checkpoint } = await trainer.train({ hyperparameters: { learningRate: 1e18 } });
    assert.deepEqual(scores, ['diverged', 'diverged', 'diverged', 'diverged']);
    assert.equal(checkpoint.step, 10);
  });

  it('stores every weight and every slot by name', async () => {
    const { checkpoint } = await trainer.train({});
    const { tensors, metadata } = decodeSafetensors(await trainer.checkpoints.get(STORAGE.bucket, checkpoint));
    const parameters = ['hidden-0/bias', 'hidden-0/kernel', 'output/bias', 'output/kernel'];
    assert.deepEqual(
      [...tensors.keys()].sort(),
      [...parameters, ...parameters.map((name) => `optimizer/momentum/${name}`)].sort(),
    );
    assert.deepEqual(tensors.get('hidden-0/kernel')?.shape, [784, 16]);
    assert.deepEqual(metadata, { format: 'fire-pbt-checkpoint/1', step: '40', task: 'image-classification' });
  });

  it('leaks no tensor over create-train-dispose cycles', async () => {
    const { binding, tfjs } = loadTensorFlow();
    await trainer.train({});
    const alive = (): [number, number] => [binding.getNumOfTensors(), tfjs.memory().numTensors];
    const before = alive();
    for (let cycle = 0; cycle < 10; cycle++) await trainer.train({ toStep: 10 });
    assert.deepEqual(alive(), before);
  });

  it('uses so few tensor ids that a process lasts for a hundred million steps', async () => {
    const { binding } = loadTensorFlow();
    const before = tensorIdsUsed(binding);
    await trainer.train({ toStep: 200, evalEvery: 200 });
    const perStep = (tensorIdsUsed(binding) - before) / 200;
    assert.ok(2 ** 30 / perStep > 1e8, `${perStep} ids a step`);
    assert.equal(processShouldRecycle(), false);
  });

  describe('report', () => {
    for (const task of [SMALL_PERCEPTRON, SMALL_CONVOLUTIONAL]) {
      it(`exports a ${task.model.kind} model to TensorFlow.js that scores the same`, async () => {
        const { tfjs } = loadTensorFlow();
        const { checkpoint } = await trainer.train({ task, toStep: 100, evalEvery: 100 });
        const { testScore, untouchedScore, files } = await trainer.report({ task, checkpoint });
        assert.deepEqual(
          files,
          ['best.safetensors', 'model/model.json', 'model/weights.bin', 'description.json'].map(
            (name) => `${STORAGE.folder}/result/${name}`,
          ),
        );
        const read = (key: string | undefined) => trainer.objects.get(STORAGE.bucket, key ?? '');
        const json = JSON.parse(Buffer.from(await read(files[1])).toString()) as ModelFile;
        const weights = (await read(files[2])).slice().buffer;
        const model = await tfjs.loadLayersModel(
          tfjs.io.fromMemory({ ...json, weightSpecs: json.weightsManifest[0]!.weights, weightData: weights }),
        );
        const accuracy = ({ pixels, labels }: { pixels: Uint8Array; labels: Int32Array }): number =>
          tfjs.tidy(() => {
            const images = tfjs.tensor4d(Float32Array.from(pixels), [labels.length, 28, 28, 1]);
            const answers = (model.predict(images, { batchSize: 1000 }) as Tfjs.Tensor2D).argMax(1).dataSync();
            return labels.filter((label, index) => label === answers[index]).length / labels.length;
          });
        assert.equal(accuracy(loadFashionMnist(DATA).test), testScore);
        assert.ok(typeof untouchedScore === 'number' && Math.abs(untouchedScore - (testScore as number)) < 0.15);
        model.dispose();
        const best = decodeSafetensors(await read(files[0]));
        assert.ok([...best.tensors.keys()].every((name) => !name.startsWith('optimizer/')));
        assert.deepEqual(await trainer.tensor(checkpoint, 'output/kernel'), [
          ...new Float32Array(best.tensors.get('output/kernel')!.data.slice().buffer),
        ]);
      });
    }
  });
});
