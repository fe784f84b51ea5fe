/**
 * Ant, as Gym's first version defined it, and as gymnasium's fifth does. MuJoCo itself is of today in both.
 */
import type { Transition } from '../environment.ts';
import { ANT_START, antModel } from './ant-model.ts';
import type { Data } from './library.ts';
import { clipped, concatenate, locomotion, sumOfSquares, type Walker } from './locomotion.ts';

const LEAST_HEIGHT = 0.2;
const MOST_HEIGHT = 1;

const ant = {
  mjcf: antModel(),
  start: ANT_START,
  plotted: {
    ...{ height: 0, 'hip 1': 5, 'ankle 1': 6, 'hip 2': 7, 'ankle 2': 8 },
    ...{ 'hip 3': 9, 'ankle 3': 10, 'hip 4': 11, 'ankle 4': 12 },
  },
  mostControl: 1,
  controls: 8,
  positionNoise: 0.1,
  velocityNoise: (stream) => 0.1 * stream.normal(),
} satisfies Partial<Walker>;

/** Numbers of a body: the first of the arrays is the world's. */
const PER_BODY = 6;

/** Version 1: the velocity is that of the centre of mass, and staying alive earns 1 in every step. */
export const antV1 = locomotion({
  ...ant,
  name: 'ant-v1',
  observations: 111,
  place: ({ subtree_com: centres }) => centres[3]!,
  observe: ({ qpos, qvel, cfrc_ext: forces }, observation) =>
    concatenate(observation, qpos.subarray(2), qvel, clipped(forces)),
  judge: (data, velocity, action) => ({ reward: velocity - costs(data, action) + 1, ended: !isHealthy(data) }),
});

/** Version 5: the velocity is that of the torso's origin, and staying alive earns 1 only if the ant is healthy. */
export const antV5 = locomotion({
  ...ant,
  name: 'ant-v5',
  observations: 105,
  place: ({ xpos }) => xpos[3]!,
  observe: ({ qpos, qvel, cfrc_ext: forces }, observation) =>
    concatenate(observation, qpos.subarray(2), qvel, clipped(forces.subarray(PER_BODY))),
  judge: (data, velocity, action): Transition => {
    const healthy = isHealthy(data);
    return { reward: velocity + Number(healthy) - costs(data, action), ended: !healthy };
  },
});

function costs({ cfrc_ext: forces }: Data, action: Float64Array): number {
  return 0.5 * sumOfSquares(action) + 5e-4 * sumOfSquares(clipped(forces));
}

function isHealthy({ qpos, qvel }: Data): boolean {
  const height = qpos[2]!;
  return [...qpos, ...qvel].every(Number.isFinite) && height >= LEAST_HEIGHT && height <= MOST_HEIGHT;
}
