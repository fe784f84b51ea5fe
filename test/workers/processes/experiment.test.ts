import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readExperiment } from '../../../workers/processes/experiment.ts';
import { describeShipped } from '../../shipped-tasks.ts';

const EXPERIMENTS = join(import.meta.dirname, '../../../experiments');

describe('an input file', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-experiment-'));
  after(() => rmSync(directory, { recursive: true }));

  function file(text: string): string {
    const path = join(directory, 'input.json');
    writeFileSync(path, text);
    return path;
  }

  const workflowTypes: Readonly<Record<string, string>> = {
    'fashion-mnist-pbt.json': 'pbt',
    'random-search.json': 'randomSearch',
  };
  for (const name of readdirSync(EXPERIMENTS).filter((one) => one.endsWith('.json') && !one.endsWith('.schema.json'))) {
    it(`is valid: experiments/${name}`, () => {
      const { workflowType, specifications } = readExperiment(join(EXPERIMENTS, name), describeShipped);
      assert.equal(workflowType, name.startsWith('compare') ? 'compare' : (workflowTypes[name] ?? 'firePbt'));
      assert.ok(specifications.length >= 1);
    });
  }

  it('may begin with a byte-order mark', () => {
    const { specifications } = readExperiment(
      file(`\uFEFF${readFileSync(join(EXPERIMENTS, 'fashion-mnist.json'), 'utf8')}`),
      describeShipped,
    );
    assert.equal(specifications.length, 1);
  });

  it('has 22 workers for Fashion-MNIST', () => {
    const { specifications, name } = readExperiment(join(EXPERIMENTS, 'fashion-mnist.json'), describeShipped);
    assert.equal(name, 'fashion-mnist');
    assert.deepEqual(specifications[0]?.subPopulations, [
      { members: 8, evaluators: 0 },
      { members: 8, evaluators: 6 },
    ]);
  });

  it('starts a retrace if it names a run or has a trace as its schedule', () => {
    assert.deepEqual(readExperiment(file('{"run": "a/b", "seed": 7}'), describeShipped), {
      workflowType: 'retrace',
      input: { run: 'a/b', seed: 7 },
      specifications: [],
      threads: 1,
      name: 'input',
    });
    const toy = {
      task: { kind: 'toy', variant: 'plain' },
      steps: 20,
      stepsPerRound: 20,
      evalEvery: 1,
      subPopulations: [{ members: 1 }],
      hyperparameters: { h: 1 },
      schedule: [{ fromStep: 0, toStep: 20, hyperparameters: { h: 0.5 } }],
    };
    assert.equal(readExperiment(file(JSON.stringify(toy)), describeShipped).workflowType, 'retrace');
  });

  it('is refused in one line if it is missing or no JSON', () => {
    assert.throws(
      () => readExperiment(join(directory, 'nothing.json'), describeShipped),
      /^UserError: Cannot read the input file .*nothing\.json: ENOENT/,
    );
    assert.throws(() => readExperiment(file('{'), describeShipped), /^UserError: Expected .*input\.json to be JSON: /);
  });

  it('is refused with all its errors and their arms', () => {
    assert.throws(
      () => readExperiment(file('{"steps": 0}'), describeShipped),
      /Cannot use the specification: \d+ errors\n(.*\n)*.*`steps`/,
    );
    assert.throws(
      () => readExperiment(file('{"arms": {"A": {}}, "seeds": [0]}'), describeShipped),
      /input\.json: Cannot use the comparison: \d+ errors\n(.*\n)*Expected `arms.A.steps`/,
    );
    assert.throws(
      () => readExperiment(file('{"arms": {}, "seeds": [0]}'), describeShipped),
      /Expected `arms` to be an object with 1 to 50 arms and the specification of each, got `\{\}`/,
    );
  });
});
