/** The code of a report that uses the winner's weights, run as it stands on the files of a result. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { escapeHtml } from '../../../activities/report/html.ts';
import { JAVASCRIPT_CODE, pythonCode, weightsSection } from '../../../activities/report/weights.ts';
import type { TrainRequest } from '../../../activities/contracts/training.ts';
import type { RunStory } from '../../../activities/runs/story.ts';
import { loadFashionMnist } from '../../../activities/tasks/datasets/fashion-mnist.ts';
import { DATA, LOCAL, ROOT } from '../../../workers/processes/places.mjs';
import { describeShipped } from '../../shipped-tasks.ts';
import { SMALL_PERCEPTRON, startTrainer, STORAGE, type Trainer } from '../training/training-harness.ts';

const PYTHON = join(LOCAL, 'python/bin/python');
const execute = promisify(execFile);

describe("a report's code for the weights", () => {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-weights-'));
  let trainer: Trainer;
  before(async () => {
    const { pixels, labels } = loadFashionMnist(DATA).test;
    writeFileSync(join(directory, 'pixels'), pixels);
    writeFileSync(join(directory, 'labels'), Uint8Array.from(labels));
    trainer = await startTrainer();
  });
  after(async () => {
    await trainer.stop();
    rmSync(directory, { recursive: true });
  });

  it('gives exactly the reported test accuracy in JavaScript', async () => {
    const testScore = await reportOf(undefined);
    const server = createServer((request, response) => {
      response.end(readFileSync(join(directory, request.url ?? '')));
    }).listen(0, '127.0.0.1');
    try {
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      assert.ok(JAVASCRIPT_CODE.includes('127.0.0.1:8000'));
      const code = `import { readFileSync } from 'node:fs';
        ${JAVASCRIPT_CODE.replace('127.0.0.1:8000', `127.0.0.1:${port}`)}
        const labels = readFileSync(${JSON.stringify(join(directory, 'labels'))});
        const answers = predict(new Uint8Array(readFileSync(${JSON.stringify(join(directory, 'pixels'))})));
        const right = answers.filter((row, index) => row.indexOf(Math.max(...row)) === labels[index]).length;
        console.log(right / labels.length);`;
      const { stdout } = await execute(process.execPath, ['--input-type=module', '--eval', code], { cwd: ROOT });
      assert.equal(Number(stdout.trim().split('\n').at(-1)), testScore);
    } finally {
      server.close();
    }
  });

  for (const activation of [undefined, 'tanh', 'elu', 'swish'])
    it(`gives exactly the reported test accuracy in Python (${activation ?? 'without an activation'})`, async () => {
      const testScore = await reportOf(activation);
      const code = `${pythonCode(storyOf(SMALL_PERCEPTRON, activation))}
labels = np.fromfile("labels", "uint8")
print((predict(np.fromfile("pixels", "uint8")).argmax(1) == labels).sum() / len(labels))
print(description["output"]["classes"][0])`;
      const { stdout } = await execute(PYTHON, ['-c', code], { cwd: directory });
      assert.deepEqual(stdout.trim().split('\n'), [String(testScore), 'T-shirt/top']);
    });

  for (const agent of [
    { environment: 'pendulum', layerNorm: true },
    { environment: 'cart-pole', normaliseObservations: false, hidden: [8, 4] },
  ])
    it(`gives the recorded actions of an agent in Python (${agent.environment})`, async () => {
      const given = { environments: 4, rollout: 8, minibatch: 16, epochs: 2, hidden: [8], evaluationEpisodes: 1 };
      const found = describeShipped({ task: { kind: 'reinforcement-learning', ...given, ...agent }, threads: 1 });
      assert.ok('description' in found);
      const { task } = found.description;
      await writeReport({ task, hyperparameters: {}, toStep: 20, evalEvery: 20 });
      const code = `${pythonCode(storyOf(task))}
names, *rows = [line.split(",") for line in open("episode.csv").read().split()]
columns = dict(zip(names, np.array(rows, "float64").T))
observed = np.stack([columns[name] for name in names if name.startswith("observation-")], 1)
most = ${agent.environment === 'pendulum' ? 2 : 10}
print(len(rows) > 1, np.abs(act(observed)[:, 0] - most * np.clip(columns["action-0"], -1, 1)).max() < 1e-5)`;
      const { stdout } = await execute(PYTHON, ['-c', code], { cwd: directory });
      assert.equal(stdout.trim(), 'True True');
    });

  it('only reads the weights of networks that are no plain perceptrons', () => {
    const model = SMALL_PERCEPTRON.model;
    for (const task of [
      { kind: 'tabular' },
      { ...SMALL_PERCEPTRON, model: { ...model, batchNormalisation: true } },
      { ...SMALL_PERCEPTRON, model: { kind: 'convolutional', filters: [4], dense: 8 } },
    ])
      assert.doesNotMatch(pythonCode(storyOf(task)), /predict/);
    assert.doesNotMatch(pythonCode(storyOf(SMALL_PERCEPTRON, 'gelu')), /predict/);
  });

  it('is in the report of a run that wrote such files', () => {
    const textOf = (...names: readonly string[]): string | undefined =>
      weightsSection({
        ...storyOf(SMALL_PERCEPTRON),
        result: { files: names.map((name) => `a/b/result/${name}`) },
      } as unknown as RunStory)
        ?.map(({ text }) => text)
        .join('');
    assert.equal(textOf('result.json'), undefined);
    assert.doesNotMatch(textOf('best.safetensors') ?? '', /import/);
    const all = textOf('best.safetensors', 'description.json', 'model/model.json') ?? '';
    for (const code of [JAVASCRIPT_CODE, pythonCode(storyOf(SMALL_PERCEPTRON))])
      assert.ok(all.includes(escapeHtml(code)));
  });

  /** Trains a network, and writes the files of its result in the directory. Returns its test accuracy. */
  async function reportOf(activation: string | undefined): Promise<unknown> {
    const hyperparameters = { learningRate: 0.01, ...(activation ? { activation } : {}) };
    const testScore = await writeReport({ task: SMALL_PERCEPTRON, hyperparameters, toStep: 100, evalEvery: 100 });
    assert.ok(typeof testScore === 'number' && testScore > 0.3);
    return testScore;
  }

  /** Trains, and writes the files of the result in the directory. Returns the test score. */
  async function writeReport(
    request: Pick<TrainRequest, 'task' | 'hyperparameters' | 'toStep' | 'evalEvery'>,
  ): Promise<unknown> {
    const { task, hyperparameters } = request;
    const { checkpoint } = await trainer.train(request);
    const { testScore, files } = await trainer.report({ checkpoint, task, hyperparameters });
    for (const key of files) {
      const file = join(directory, key.slice(`${STORAGE.folder}/result/`.length));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, await trainer.objects.get(STORAGE.bucket, key));
    }
    return testScore;
  }

  function storyOf(task: object, activation?: string): Pick<RunStory, 'specification' | 'leader'> {
    return {
      specification: { task },
      leader: { history: [{ hyperparameters: activation === undefined ? {} : { activation } }] },
    } as unknown as Pick<RunStory, 'specification' | 'leader'>;
  }
});
