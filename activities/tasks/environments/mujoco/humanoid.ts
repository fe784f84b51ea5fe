/**
 * Humanoid, as Gym's first version defined it, and as gymnasium's fifth does. MuJoCo itself is of today in both.
 */
import { HUMANOID_START, humanoidModel } from './humanoid-model.ts';
import type { Data } from './library.ts';
import { centreOfMass, concatenate, locomotion, sumOfSquares, type Walker } from './locomotion.ts';

const LEAST_HEIGHT = 1;
const MOST_HEIGHT = 2;
const FORWARD = 1.25;
const ALIVE = 5;
const MOST_CONTACT_COST = 10;

const humanoid = {
  mjcf: humanoidModel(),
  start: HUMANOID_START,
  plotted: {
    ...{ height: 0, 'abdomen y': 6, 'right hip y': 10, 'right knee': 11, 'left hip y': 14, 'left knee': 15 },
    ...{ 'right shoulder 1': 16, 'right elbow': 18, 'left shoulder 1': 19, 'left elbow': 21 },
  },
  mostControl: 0.4,
  controls: 17,
  positionNoise: 0.01,
  velocityNoise: (stream) => 0.01 * (2 * stream.next() - 1),
  place: centreOfMass,
} satisfies Partial<Walker>;

/** Numbers of the world in arrays of bodies, and of the free joint among those of joints. */
const WORLD_INERTIA = 10;
const WORLD = 6;
const FREE = 6;

/** Version 1: staying alive earns 5 in every step, also in the last. */
export const humanoidV1 = locomotion({
  ...humanoid,
  name: 'humanoid-v1',
  observations: 376,
  observe: ({ qpos, qvel, cinert, cvel, qfrc_actuator: torques, cfrc_ext: forces }, observation) =>
    concatenate(observation, qpos.subarray(2), qvel, cinert, cvel, torques, forces),
  judge: (data, velocity) => ({ reward: FORWARD * velocity - costs(data) + ALIVE, ended: !isUpright(data) }),
});

/** Version 5: staying alive earns 5 only if the humanoid is upright; without the numbers that are always 0. */
export const humanoidV5 = locomotion({
  ...humanoid,
  name: 'humanoid-v5',
  observations: 348,
  observe: ({ qpos, qvel, cinert, cvel, qfrc_actuator: torques, cfrc_ext: forces }, observation) =>
    concatenate(
      observation,
      qpos.subarray(2),
      qvel,
      cinert.subarray(WORLD_INERTIA),
      cvel.subarray(WORLD),
      torques.subarray(FREE),
      forces.subarray(WORLD),
    ),
  judge: (data, velocity) => {
    const upright = isUpright(data);
    return { reward: FORWARD * velocity + ALIVE * Number(upright) - costs(data), ended: !upright };
  },
});

function costs({ ctrl, cfrc_ext: forces }: Data): number {
  return 0.1 * sumOfSquares(ctrl) + Math.min(5e-7 * sumOfSquares(forces), MOST_CONTACT_COST);
}

function isUpright({ qpos }: Data): boolean {
  return qpos[2]! > LEAST_HEIGHT && qpos[2]! < MOST_HEIGHT;
}
