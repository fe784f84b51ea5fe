import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readExperiment } from '../../workers/experiment.ts';

const EXPERIMENTS = join(import.meta.dirname, '../../experiments');

describe('an input file', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-experiment-'));
  after(() => rmSync(directory, { recursive: true }));

  function file(text: string): string {
    const path = join(directory, 'input.json');
    writeFileSync(path, text);
    return path;
  }

  for (const name of readdirSync(EXPERIMENTS).filter((one) => one.endsWith('.json') && !one.endsWith('.schema.json'))) {
    it(`is valid: experiments/${name}`, () => {
      const { workflowType, specifications } = readExperiment(join(EXPERIMENTS, name));
      assert.equal(workflowType, name.startsWith('compare') ? 'compare' : 'firePbt');
      assert.ok(specifications.length >= 1);
    });
  }

  it('is the main job of 22 workers', () => {
    const { specifications, name } = readExperiment(join(EXPERIMENTS, 'fashion-mnist.json'));
    assert.equal(name, 'fashion-mnist');
    assert.deepEqual(specifications[0]?.subPopulations, [
      { members: 8, evaluators: 0 },
      { members: 8, evaluators: 6 },
    ]);
  });

  it('is refused in a line where it is missing or no JSON', () => {
    assert.throws(() => readExperiment(join(directory, 'nothing.json')), /^PlainFailure: Cannot read the input file .*nothing\.json: ENOENT/);
    assert.throws(() => readExperiment(file('{')), /^PlainFailure: Expected .*input\.json to be JSON: /);
  });

  it('is refused with every error, by arm', () => {
    assert.throws(() => readExperiment(file('{"steps": 0}')), /Cannot use the specification: \d+ errors\n(.*\n)*.*`steps`/);
    assert.throws(() => readExperiment(file('{"arms": {"A": {}}, "seeds": [0]}')), /input\.json: Cannot use the comparison: \d+ errors\n(.*\n)*Arm "A": Expected `steps`/);
    assert.throws(() => readExperiment(file('{"arms": {}, "seeds": [0]}')), /Expected `arms` to be an object with 1 to 20 arms and the specification of each, got `\{\}`/);
  });
});
