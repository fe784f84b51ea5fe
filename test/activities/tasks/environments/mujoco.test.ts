/**
 * Ant and Humanoid: the published numbers, gymnasium's steps, and exact states.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { antV1, antV5 } from '../../../../activities/tasks/environments/mujoco/ant.ts';
import { antModel } from '../../../../activities/tasks/environments/mujoco/ant-model.ts';
import { humanoidV1, humanoidV5 } from '../../../../activities/tasks/environments/mujoco/humanoid.ts';
import { humanoidModel } from '../../../../activities/tasks/environments/mujoco/humanoid-model.ts';
import { Simulation } from '../../../../activities/tasks/environments/mujoco/simulation.ts';
import { VectorEnvironment } from '../../../../activities/tasks/environments/vector-environment.ts';
import { condensed, largestDifference, rollOut, rollouts, type Condensed } from '../../../gymnasium/rolling-out.ts';

type Recorded = Readonly<Record<'ant' | 'humanoid', readonly Readonly<Record<'v1' | 'v5', Condensed>>[]>>;

/** What gymnasium gave; test/gymnasium/rollouts.ts wrote it. */
const RECORDED = JSON.parse(
  readFileSync(new URL('../../../gymnasium/recorded.json', import.meta.url), 'utf8'),
) as Recorded;

const PART = [0.0391577537, 0.0391577537, 0.0675922045];
const LEG = [4.75175093, 2.75569617, 1.76714587];
const ARM = [1.66108048, 1.22954019];
const HIP_TO_KNEE = [-25, 5, -60, 35, -110, 20, -160, -2];

/** Of Gym's own model files, compiled by MuJoCo 3.14.0. Without the world and the free joint. */
const PUBLISHED = {
  ant: {
    mjcf: antModel(),
    masses: [0.327249235, ...PART, ...PART, ...PART, ...PART],
    inertias: [
      [0.00818123087, 0.00818123087, 0.00818123087],
      [0.000567966083, 0.000567966083, 0.000118441898],
      [0.000567966083, 0.000567966083, 0.000118441898],
      [0.00267479066, 0.00267479066, 0.000209432141],
    ],
    ranges: [-30, 30, 30, 70, -30, 30, -70, -30, -30, 30, -70, -30, -30, 30, 30, 70],
    armatures: Array<number>(8).fill(1),
    dampings: Array<number>(8).fill(1),
    stiffnesses: Array<number>(8).fill(0),
    gears: Array<number>(8).fill(150),
    /** Joints of the motors, counted without the free joint. */
    driven: [6, 7, 0, 1, 2, 3, 4, 5],
    control: 1,
    timestep: 0.01,
  },
  humanoid: {
    mjcf: humanoidModel(),
    masses: [8.90746237, 2.26194671, 6.61619413, ...LEG, ...LEG, ...ARM, ...ARM],
    inertias: [
      [0.173241525, 0.154010141, 0.0411191549],
      [0.00985303987, 0.00985303987, 0.00374578375],
      [0.0523179792, 0.0523179792, 0.0243221475],
      [0.0749516539, 0.0749516539, 0.00822743135],
      [0.0326080155, 0.0326080155, 0.00318989029],
      [0.0039760782, 0.0039760782, 0.0039760782],
    ],
    ranges: [
      ...[-45, 45, -75, 30, -35, 35],
      ...HIP_TO_KNEE,
      ...HIP_TO_KNEE,
      ...[-85, 60, -85, 60, -90, 50],
      ...[-60, 85, -60, 85, -90, 50],
    ],
    armatures: [
      ...[0.02, 0.02, 0.02, 0.01, 0.01, 0.008, 0.006, 0.01, 0.01, 0.01, 0.006],
      ...[0.0068, 0.0051, 0.0028, 0.0068, 0.0051, 0.0028],
    ],
    dampings: [5, 5, 5, 5, 5, 5, 1, 5, 5, 5, 1, 1, 1, 1, 1, 1, 1],
    stiffnesses: [20, 10, 10, 10, 10, 20, 0, 10, 10, 20, 1, 1, 1, 0, 1, 1, 0],
    gears: [100, 100, 100, 100, 100, 300, 200, 100, 100, 300, 200, 25, 25, 25, 25, 25, 25],
    driven: [1, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
    control: 0.4,
    timestep: 0.003,
  },
} as const;

function assertNear(found: ArrayLike<number>, wanted: readonly number[], what: string): void {
  assert.ok(
    largestDifference(Array.from(found), wanted) <= 1e-6,
    `${what}: expected ${wanted.join()}, got ${Array.from(found).join()}`,
  );
}

for (const [name, published] of Object.entries(PUBLISHED))
  describe(`the model of ${name}`, () => {
    it('has the published masses, inertias, ranges, gears and timestep', async () => {
      const simulation = await Simulation.create(published.mjcf);
      const { model } = simulation;
      const joints = published.driven.length;
      assertNear(model.body_mass.slice(1), published.masses, 'masses');
      const inertias = published.inertias.flat();
      assertNear(model.body_inertia.slice(3, 3 + inertias.length), inertias, 'inertias');
      const degrees = 180 / Math.PI;
      assertNear(
        model.jnt_range.slice(2).map((range) => range * degrees),
        published.ranges,
        'ranges',
      );
      assertNear(model.dof_armature.slice(6), published.armatures, 'armatures');
      assertNear(model.dof_damping.slice(6), published.dampings, 'dampings');
      assertNear(model.jnt_stiffness.slice(1), published.stiffnesses, 'stiffnesses');
      assertNear(
        model.actuator_gear.filter((_, at) => at % 6 === 0),
        published.gears,
        'gears',
      );
      assert.deepEqual(
        [...model.actuator_trnid].filter((_, at) => at % 2 === 0).map((joint) => joint - 1),
        published.driven,
      );
      assertNear(
        model.actuator_ctrlrange,
        Array.from({ length: 2 * joints }, (_, at) => (at % 2 === 0 ? -1 : 1) * published.control),
        'controls',
      );
      assert.equal(model.opt.timestep, published.timestep);
      simulation.dispose();
    });
  });

describe('Ant and Humanoid', () => {
  for (const [name, versions] of [
    ['ant', { v1: antV1, v5: antV5 }],
    ['humanoid', { v1: humanoidV1, v5: humanoidV5 }],
  ] as const)
    for (const version of ['v1', 'v5'] as const)
      it(`take the steps that gymnasium takes: ${name}-${version}`, async () => {
        const asked = rollouts(versions.v5, 3, 10);
        for (const [index, rollout] of asked.entries()) {
          const { fingerprints, rewards, ended } = condensed(await rollOut(versions[version], rollout));
          const wanted = RECORDED[name][index]![version];
          assert.ok(largestDifference(fingerprints, wanted.fingerprints) <= 1e-9);
          assert.ok(largestDifference(rewards, wanted.rewards) <= 1e-9);
          assert.deepEqual(ended, wanted.ended);
        }
      });

  for (const [definition, mjcf] of [
    [antV5, antModel()],
    [humanoidV1, humanoidModel()],
  ] as const)
    it(`plot the joints that they name: ${definition.name}`, () => {
      // An observation begins with the height and the four numbers of a rotation.
      const joints = [...mjcf.matchAll(/<joint name="([^"]+)" type="hinge"/g)].map(([, joint]) => joint);
      const { height, ...angles } = definition.plotted!;
      assert.equal(height, 0);
      for (const [name, at] of Object.entries(angles)) assert.equal(joints[at - 5], name.replaceAll(' ', '-'));
    });

  for (const definition of [antV1, humanoidV5])
    it(`goes on from a checkpoint, bit for bit: ${definition.name}`, async () => {
      const size = definition.actions.low.length;
      const actions = (step: number) => Float32Array.from({ length: 3 * size }, (_, at) => Math.sin(7 * step + at));
      const one = await VectorEnvironment.create(definition, { count: 3, seed: 1, name: ['test'] });
      const other = await VectorEnvironment.create(definition, { count: 3, seed: 1, name: ['test'] });
      await one.reset();
      for (let step = 0; step < 25; step++) await one.step(actions(step));
      await other.restore(await one.save());
      for (let step = 25; step < 75; step++)
        assert.deepEqual(await other.step(actions(step)), await one.step(actions(step)));
      assert.deepEqual(await other.save(), await one.save());
      await one.dispose();
      await other.dispose();
    });

  it('begin upright, with the noise of their definitions', async () => {
    for (const [definition, height, noise] of [
      [antV5, 0.75, 0.1],
      [humanoidV5, 1.4, 0.01],
    ] as const) {
      const vector = await VectorEnvironment.create(definition, { count: 20, seed: 1, name: ['test'] });
      await vector.reset();
      const heights = Array.from({ length: 20 }, (_, index) => vector.observations[index * definition.observations]!);
      assert.ok(heights.every((value) => Math.abs(value - height) <= noise));
      assert.ok(Math.max(...heights) - Math.min(...heights) > noise);
      await vector.dispose();
    }
  });
});
