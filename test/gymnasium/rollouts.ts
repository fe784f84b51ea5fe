/**
 * Compares Ant and Humanoid with gymnasium's, step by step, and their speed:
 *
 *     python3 -m venv /tmp/gymnasium && /tmp/gymnasium/bin/pip install -r test/gymnasium/requirements.txt
 *     node --import tsx test/gymnasium/rollouts.ts /tmp/gymnasium/bin/python
 *
 * Both have the same model file, the same states at the start and the same actions. Exits with 1 if observations or
 * rewards differ by more than 1e-9 within 10 steps, or positions or rewards by more than 1e-6 within 100, relative to 1
 * or to the value. A difference in the last bit grows tenfold in 10 steps of Ant, so velocities may differ by 1e-5
 * after 100. The speed is of one environment and of 32 side by side, three times in turn; gymnasium has its own model
 * file for it. Writes test/gymnasium/recorded.json, which a test compares with, if a second argument is `--record`.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { EnvironmentDefinition } from '../../activities/tasks/environments/environment.ts';
import { antV1, antV5 } from '../../activities/tasks/environments/mujoco/ant.ts';
import { antModel } from '../../activities/tasks/environments/mujoco/ant-model.ts';
import { humanoidV1, humanoidV5 } from '../../activities/tasks/environments/mujoco/humanoid.ts';
import { humanoidModel } from '../../activities/tasks/environments/mujoco/humanoid-model.ts';
import { VectorEnvironment } from '../../activities/tasks/environments/vector-environment.ts';
import { randomStream } from '../../workflows/algorithm/random.ts';
import { condensed, largestDifference, rollOut, rollouts, type RolledOut } from './rolling-out.ts';

const SCRIPT = fileURLToPath(new URL('rollouts.py', import.meta.url));
const RECORD = fileURLToPath(new URL('recorded.json', import.meta.url));
const SPEED_CPU_S = 5;
const WALKERS = [
  { name: 'ant', model: antModel(), versions: { v1: antV1, v5: antV5 }, positions: 13 },
  { name: 'humanoid', model: humanoidModel(), versions: { v1: humanoidV1, v5: humanoidV5 }, positions: 22 },
] as const;

const [, , python, record] = process.argv;
if (python === undefined) throw new Error('Expected the path of a Python that has gymnasium');

/** Of each rollout, by version. */
type Theirs = readonly Readonly<Record<'v1' | 'v5', RolledOut>>[];

function ask<Answer>(input: object, ...args: readonly string[]): Answer {
  const options = { input: JSON.stringify(input), encoding: 'utf8', maxBuffer: 2 ** 29 } as const;
  return JSON.parse(execFileSync(python!, [SCRIPT, ...args], options)) as Answer;
}

/** Returns the largest differences after so many steps, by what differs. */
function differences(ours: RolledOut, theirs: RolledOut, steps: number, positions: number): Record<string, number> {
  const first = ({ observations }: RolledOut, width?: number) =>
    observations.slice(0, steps).flatMap((observation) => observation.slice(0, width));
  const until = (values: readonly (number | boolean)[]) => values.slice(0, steps).map(Number);
  return {
    positions: largestDifference(first(ours, positions), first(theirs, positions)),
    observations: largestDifference(first(ours), first(theirs)),
    rewards: largestDifference(until(ours.rewards), until(theirs.rewards)),
    ends: largestDifference(until(ours.ended), until(theirs.ended)),
  };
}

/** Returns steps a CPU-second of so many environments side by side, under random actions. */
async function speedOf(definition: EnvironmentDefinition, count: number): Promise<number> {
  const vector = await VectorEnvironment.create(definition, { count, seed: 0, name: ['speed'] });
  const stream = randomStream(0, 'actions');
  await vector.reset();
  let steps = 0;
  const begun = process.cpuUsage();
  for (;;) {
    const { user, system } = process.cpuUsage(begun);
    if (user + system > 1e6 * SPEED_CPU_S) break;
    const size = count * definition.actions.low.length;
    await vector.step(Float32Array.from({ length: size }, () => 2 * stream.next() - 1));
    steps += count;
  }
  await vector.dispose();
  const { user, system } = process.cpuUsage(begun);
  return (1e6 * steps) / (user + system);
}

let failed = false;
for (const { name, model, versions, positions } of WALKERS) {
  const asked = rollouts(versions.v5, 4, 100);
  const theirs = ask<Theirs>({ environment: name, model, rollouts: asked });
  for (const [index, rollout] of asked.entries())
    for (const version of ['v1', 'v5'] as const) {
      const ours = await rollOut(versions[version], rollout);
      for (const [steps, most, mostOfVelocities] of [
        [10, 1e-9, 1e-9],
        [100, 1e-6, 1e-5],
      ] as const) {
        const found = differences(ours, theirs[index]![version], steps, positions);
        const broken = Object.entries(found).filter(
          ([what, difference]) => !(difference <= (what === 'observations' ? mostOfVelocities : most)),
        );
        failed ||= broken.length > 0;
        const texts = Object.entries(found).map(([what, difference]) => `${what} ${difference.toExponential(1)}`);
        console.log(`${name}-${version}, rollout ${index}, ${steps} steps, largest differences: ${texts.join(', ')}`);
      }
    }
  for (const _ of [1, 2, 3]) {
    const theirSpeed = ask<{ readonly one: number; readonly vector: number }>({ environment: name }, '--speed');
    const ourSpeed = { one: await speedOf(versions.v5, 1), vector: await speedOf(versions.v5, 32) };
    for (const what of ['one', 'vector'] as const)
      console.log(
        `${name}, ${what}: ${Math.round(ourSpeed[what])} steps a CPU-second, gymnasium ` +
          `${Math.round(theirSpeed[what])}: ${(ourSpeed[what] / theirSpeed[what]).toFixed(2)}`,
      );
  }
}

if (record === '--record') {
  const recorded = WALKERS.map(({ name, model, versions }) => {
    const theirs = ask<Theirs>({ environment: name, model, rollouts: rollouts(versions.v5, 3, 10) });
    return [name, theirs.map(({ v1, v5 }) => ({ v1: condensed(v1), v5: condensed(v5) }))] as const;
  });
  writeFileSync(RECORD, `${JSON.stringify(Object.fromEntries(recorded), null, 2)}\n`);
}
process.exitCode = Number(failed);
