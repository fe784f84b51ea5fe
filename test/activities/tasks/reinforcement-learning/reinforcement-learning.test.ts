/**
 * Agents in training, on the cheap environments.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { reinforcementLearning } from '../../../../activities/tasks/reinforcement-learning/reinforcement-learning.ts';
import { registryWith } from '../../../../activities/tasks/shipped.ts';
import { encodeSafetensors } from '../../../../activities/storage/safetensors.ts';
import { loadTensorFlow } from '../../../../activities/tasks/tensorflow/library.ts';
import { digestOf, floatsOf, loadExported, textOf, trainFromNothing, withSession } from '../open-session.ts';

process.env['TF_NUM_INTRAOP_THREADS'] = '1';
process.env['TF_CPP_MIN_LOG_LEVEL'] = '2';

const SMALL = { environment: 'pendulum', environments: 4, rollout: 8, minibatch: 16, epochs: 2, hidden: [8] };
const PAPER = { ...SMALL, recipe: 'paper', minibatch: 32, epochs: 1, targetEvery: 3 };
const hyperparameters = {};

describe('reinforcement learning', () => {
  for (const [recipe, settings] of Object.entries({ 'small-budget': SMALL, paper: PAPER }))
    it(`gives the same bits however steps are cut, and from a checkpoint (${recipe})`, async () => {
      const given = { discount: 0.9, unroll: 4 };
      const whole = await trainFromNothing(reinforcementLearning, settings, 30, { hyperparameters: given });
      const half = await trainFromNothing(reinforcementLearning, settings, 11, { hyperparameters: given });
      await withSession(reinforcementLearning, settings, { hyperparameters: given }, async (session) => {
        await session.restore(half.state);
        assert.equal(digestOf(await session.save()), digestOf(half.state));
        await session.train(11, 12);
        await session.measure();
        await session.train(12, 30);
        assert.equal(digestOf(await session.save()), digestOf(whole.state));
        assert.equal(await session.measure(), whole.score);
      });
      const other = await trainFromNothing(reinforcementLearning, settings, 30, {
        hyperparameters: given,
        worker: 'P1/member-4',
      });
      assert.notEqual(digestOf(other.state), digestOf(whole.state));
    });

  it('says what is in effect', async () => {
    const given = { learningRate: 0.01, epsilonEta: 0.2, discount: 0.95, unroll: 3 };
    await withSession(reinforcementLearning, SMALL, { hyperparameters: given }, async (session) => {
      await session.initialise();
      assert.deepEqual(session.effectiveHyperparameters(), {
        learningRate: Math.fround(0.01),
        epsilonEta: Math.fround(0.2),
        epsilonMu: Math.fround(0.002),
        epsilonSigma: Math.fround(1e-5),
        discount: 0.95,
        lambda: 0.95,
        unroll: 3,
      });
    });
  });

  it('learns to balance', async () => {
    const settings = { environment: 'cart-pole', initialDeviation: 0.5, score: 'evaluation', evaluationEpisodes: 4 };
    const opened = { hyperparameters: { learningRate: 0.001, epsilonEta: 0.5, epsilonMu: 0.03 } };
    const untrained = await trainFromNothing(reinforcementLearning, settings, 0, opened);
    const { score } = await trainFromNothing(reinforcementLearning, settings, 40, opened);
    assert.ok(Number(untrained.score) < 60, `score ${untrained.score}`);
    assert.ok(Number(score) > 120, `score ${score}`);
  });

  it('follows the target policy until it is copied', async () => {
    const early = await trainFromNothing(reinforcementLearning, PAPER, 2, { hyperparameters });
    const begun = await trainFromNothing(reinforcementLearning, PAPER, 0, { hyperparameters });
    const copied = await trainFromNothing(reinforcementLearning, PAPER, 3, { hyperparameters });
    const kernel = 'policy/hidden-0/kernel';
    assert.deepEqual(floatsOf(early.state, `target/${kernel}`), floatsOf(begun.state, kernel));
    assert.notDeepEqual(floatsOf(early.state, kernel), floatsOf(begun.state, kernel));
    assert.deepEqual(floatsOf(copied.state, `target/${kernel}`), floatsOf(copied.state, kernel));
  });

  it('keeps deviations above their floor', async () => {
    const settings = { ...SMALL, initialDeviation: 0.2, leastDeviation: 0.2 };
    const { state } = await trainFromNothing(reinforcementLearning, settings, 6, { hyperparameters });
    for (const log of floatsOf(state, 'policy/log-deviations')) assert.ok(log >= Math.fround(Math.log(0.2)) - 1e-7);
  });

  it('counts running episodes until one is over, then the newest ones', async () => {
    await withSession(reinforcementLearning, { ...SMALL, scoreEpisodes: 3 }, { hyperparameters }, async (session) => {
      await session.initialise();
      assert.equal(await session.measure(), 0);
      await session.train(0, 1);
      // Eight steps of a pendulum that hangs anywhere cost at most 8 · (π² + 6.4 + 0.004).
      const first = Number(await session.measure());
      assert.ok(first < 0 && first > -131, `score ${first}`);
      await session.train(1, 25);
      assert.ok(Number(await session.measure()) < -400);
      // The first ones of the other environments were cut off early, so that they do not all begin together.
      const added = (await session.save()).get('episodes/added')!;
      assert.deepEqual(new Float64Array(added.data.slice().buffer), Float64Array.of(1));
    });
  });

  it('has diverged, for good, if a weight or an action is not finite', async () => {
    await withSession(reinforcementLearning, SMALL, { hyperparameters: { learningRate: 1e30 } }, async (session) => {
      await session.initialise();
      await session.train(0, 3);
      assert.equal(await session.measure(), 'diverged');
      const state = await session.save();
      await session.train(3, 4);
      assert.equal(digestOf(await session.save()), digestOf(state));
      assert.equal((await session.report()).testScore, 'diverged');
    });
  });

  for (const layerNorm of [false, true])
    it(`reports a policy from what the environment shows to what it takes (layer norm: ${layerNorm})`, async () => {
      const { tfjs: tf } = loadTensorFlow();
      const settings = { ...SMALL, evaluationEpisodes: 2, layerNorm };
      await withSession(reinforcementLearning, settings, { hyperparameters }, async (session) => {
        await session.initialise();
        await session.train(0, 30);
        const report = await session.report();
        const model = await loadExported(tf, report);
        const [header = '', ...rows] = textOf(report, 'episode.csv').trim().split('\n');
        assert.equal(header, 'step,observation-0,observation-1,observation-2,action-0,reward');
        assert.equal(rows.length, 200);
        for (const row of rows.slice(0, 20)) {
          const [, cosine = NaN, sine = NaN, rate = NaN, action = NaN] = row.split(',').map(Number);
          const [torque] = tf.tidy(() =>
            (model.predict(tf.tensor2d([[cosine, sine, rate]])) as Tfjs.Tensor).dataSync(),
          );
          assert.ok(Math.abs(torque! - 2 * Math.max(-1, Math.min(1, action))) < 1e-4, `${torque} for ${row}`);
        }
        model.dispose();
        const described = JSON.parse(textOf(report, 'description.json')) as {
          readonly meanActionEpisodes: { readonly return: number; readonly steps: number };
          readonly environmentStepsPerTrainingStep: number;
        };
        assert.equal(described.meanActionEpisodes.return, report.testScore);
        assert.equal(described.meanActionEpisodes.steps, 200);
        assert.equal(described.environmentStepsPerTrainingStep, 32);
        assert.ok(report.weights.has('hidden-0/kernel') && report.weights.has('log-deviations'));
      });
    });

  it('refuses a checkpoint of another agent', async () => {
    const { state } = await trainFromNothing(reinforcementLearning, SMALL, 0, { hyperparameters });
    await withSession(reinforcementLearning, { ...SMALL, hidden: [9] }, { hyperparameters }, async (session) => {
      await assert.rejects(
        async () => session.restore(state),
        /Expected the checkpoint to have the tensor `policy\/hidden-0\/kernel`/,
      );
    });
    await withSession(reinforcementLearning, SMALL, { hyperparameters }, async (session) => {
      await assert.rejects(async () => session.restore(new Map([...state, ['more', state.get('diverged')!]])), {
        message: 'Expected the checkpoint to have only tensors of this agent, got `more`',
      });
    });
  });
});

describe('the settings of reinforcement learning', () => {
  const registry = registryWith();
  const describeTask = (task: object) =>
    registry.describe({ task: { kind: 'reinforcement-learning', ...task }, threads: 1 });
  const complaintsOf = (task: object) => {
    const found = describeTask(task);
    return 'complaints' in found ? found.complaints.map(({ path, rule }) => `${path.join('.')}: ${rule}`) : [];
  };

  it('are filled in by the recipe, and stay as they are then', () => {
    const found = describeTask({ environment: 'pendulum', recipe: 'paper', hidden: [16] });
    assert.ok('description' in found);
    const { task, hyperparameters: known, label, score } = found.description;
    assert.deepEqual([task['environments'], task['rollout'], task['hidden'], task['duals']], [64, 40, [16], 'learned']);
    assert.deepEqual([label, score], ['reinforcement-learning/pendulum', 'return']);
    assert.deepEqual(
      known.map(({ name, default: value }) => [name, value]),
      [
        ['learningRate', 1e-4],
        ['epsilonEta', 0.01],
        ['epsilonMu', 0.007],
        ['epsilonSigma', 1e-5],
        ['discount', 0.99],
        ['lambda', 1],
        ['unroll', 40],
      ],
    );
  });

  for (const environment of ['pendulum', 'humanoid-v1'])
    it(`tell about how large a checkpoint is: ${environment}`, async () => {
      const found = describeTask({ environment });
      assert.ok('description' in found);
      const { state } = await trainFromNothing(reinforcementLearning, { environment }, 0, { hyperparameters });
      const bytes = encodeSafetensors(state, {}).byteLength;
      const told = found.description.checkpointBytes!;
      assert.ok(Math.abs(told - bytes) < 0.1 * bytes, `${told} for ${bytes}`);
    });

  it('are refused with the rule', () => {
    assert.deepEqual(complaintsOf({ environment: 'pendulum', minibatch: 100 }), [
      'task.minibatch: a divisor of environments × rollout (512)',
    ]);
    assert.deepEqual(complaintsOf({ environment: 'pendulum', leastDeviation: 0.5 }), [
      'task.leastDeviation: at most `task.initialDeviation` (0.2)',
    ]);
    assert.match(complaintsOf({ environment: 'chess' })[0]!, /^task\.environment: one of `pendulum`/);
    assert.match(complaintsOf({ environment: 'pendulum', depth: 3 })[0]!, /^task\.depth: absent/);
  });
});
