/**
 * Agents in environments that users bring.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { reinforcementLearning } from '../../../../activities/tasks/reinforcement-learning/reinforcement-learning.ts';
import { tellComplaints } from '../../../../activities/tasks/registry.ts';
import { registryWith } from '../../../../activities/tasks/shipped.ts';
import { dataFolder } from '../datasets/data-files.ts';
import { textOf, trainFromNothing, withSession } from '../open-session.ts';

process.env['TF_NUM_INTRAOP_THREADS'] = '1';
process.env['TF_CPP_MIN_LOG_LEVEL'] = '2';

const SMALL = { environments: 4, rollout: 8, minibatch: 16, epochs: 2, hidden: [8] };
const hyperparameters = {};

describe('an environment of one’s own', () => {
  it('is one file', async () => {
    const path = fileURLToPath(new URL('../../../../examples/environment/spring.ts', import.meta.url));
    const settings = { ...SMALL, environment: { kind: 'module', path } };
    assert.deepEqual(await registryWith().check({ ...settings, kind: 'reinforcement-learning' }, ''), []);
    await withSession(reinforcementLearning, settings, { hyperparameters }, async (session) => {
      await session.initialise();
      const untrained = (await session.report()).testScore;
      await session.train(0, 60);
      const report = await session.report();
      assert.ok(Number(report.testScore) > Number(untrained), `${report.testScore} after ${untrained}`);
      const { meanActionEpisodes } = JSON.parse(textOf(report, 'description.json')) as {
        readonly meanActionEpisodes: { readonly distance: number };
      };
      assert.ok(meanActionEpisodes.distance > 0 && meanActionEpisodes.distance < 1);
    });
  });
});

describe('an environment of one’s own that blows up', () => {
  const folder = dataFolder();
  /** Settings of an environment that shows Infinity in step 5. */
  const blowing = (name: string, more = '') => {
    const content = `export default {
  name: 'blowing', observations: 1, actions: { low: [-1], high: [1] }, mostSteps: 20, ${more}
  create: (step = 0) => ({
    stateSize: 1,
    reset: (stream, observation) => observation.fill(0),
    step: ([action], observation) => (observation.fill(++step === 5 ? Infinity : action), { reward: 1, ended: false }),
    save: (state) => state.fill(step),
    restore: (state) => ([step] = state),
  }),
};`;
    return { ...SMALL, environment: { kind: 'module', path: folder.write(`${name}.mjs`, content) } };
  };

  it('fails with the rule', async () => {
    await assert.rejects(trainFromNothing(reinforcementLearning, blowing('strict'), 1, { hyperparameters }), {
      message:
        'Cannot use environment `blowing`: expected number 0 (from 0) of the observation that `step` writes to be ' +
        'finite, got `Infinity`; if its simulation can blow up: end the episode, or set `mayDiverge`',
    });
  });

  it('makes the agent diverge if it may, which learns nothing from that', async () => {
    const settings = blowing('diverging', 'mayDiverge: true,');
    const { score, state } = await trainFromNothing(reinforcementLearning, settings, 3, { hyperparameters });
    assert.equal(score, 'diverged');
    assert.deepEqual(new Float64Array(state.get('moments/observations')!.data.slice().buffer), new Float64Array(3));
  });

  it('is not given actions that are not finite: the agent has diverged', async () => {
    const content = `export default {
  name: 'far', observations: 2, actions: { low: [-1], high: [1] }, mostSteps: 20,
  create: () => ({
    stateSize: 0,
    reset: (stream, observation) => observation.fill(1e300),
    step: ([action], observation) => (observation.fill(1e300), { reward: action, ended: false }),
    save: () => undefined,
    restore: () => undefined,
  }),
};`;
    const environment = { kind: 'module', path: folder.write('far.mjs', content) };
    const settings = { ...SMALL, environment, score: 'evaluation', normaliseObservations: false, layerNorm: true };
    const { score } = await trainFromNothing(reinforcementLearning, settings, 0, { hyperparameters });
    assert.equal(score, 'diverged');
  });
});

describe('a module that is no environment', () => {
  const folder = dataFolder();
  const complaintsOf = (settings: object) => registryWith().check({ ...settings, kind: 'reinforcement-learning' }, '');
  for (const [what, content, message] of [
    ['nothing', 'export default 3;', /expected `name` of its default export to be a text, got `undefined`/],
    [
      'a wrong bound',
      "export default { name: 'x', observations: 1, actions: { low: [1], high: [1] } };",
      /`actions`.*each low below its high/,
    ],
    [
      'a plot of what no observation has',
      "export default { name: 'x', observations: 2, actions: { low: [0], high: [1] }, mostSteps: 1, plotted: { v: 2 }}",
      /expected `plotted` .* to be an object from names to numbers of an observation, which count from 0, got/,
    ],
    ['an error', "throw new Error('no luck');", /Cannot load environment .*: no luck$/],
  ] as const)
    it(`is refused before a run is planned, and when it is trained in: ${what}`, async () => {
      const path = folder.write(`${what.replaceAll(' ', '-')}.mjs`, content);
      const settings = { ...SMALL, environment: { kind: 'module', path } };
      const [complaint, ...others] = await complaintsOf(settings);
      assert.deepEqual([complaint?.path, others], [['task', 'environment', 'path'], []]);
      assert.match(complaint?.got?.replaceAll('"', '`') ?? '', message);
      await assert.rejects(trainFromNothing(reinforcementLearning, settings, 0, { hyperparameters }), message);
    });

  it('is used once it is repaired', async () => {
    const path = folder.write('repaired.mjs', 'export default 3;');
    const settings = { ...SMALL, environment: { kind: 'module', path } };
    assert.equal((await complaintsOf(settings)).length, 1);
    const spring = fileURLToPath(new URL('../../../../examples/environment/spring.ts', import.meta.url));
    folder.write('repaired.mjs', `export { default } from ${JSON.stringify(spring)};`);
    assert.deepEqual(await complaintsOf(settings), []);
  });

  it('is refused before a run is planned: no file', async () => {
    const path = join(folder.path, 'none.mjs');
    const task = { kind: 'reinforcement-learning', environment: { kind: 'module', path } };
    assert.equal(
      tellComplaints({ task }, await complaintsOf(task)),
      'Expected `task.environment.path` to be the path of something that the trainers can read, ' +
        `got \`${path} (ENOENT: no such file or directory, stat '${path}')\``,
    );
  });
});
