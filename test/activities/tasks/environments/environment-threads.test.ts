import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { authorLine } from '../../../../activities/tasks/author-line.ts';
import { useEnvironmentThreads } from '../../../../activities/tasks/environments/environment-threads.ts';
import { loadEnvironment, type EnvironmentChoice } from '../../../../activities/tasks/environments/shipped.ts';
import { VectorEnvironment } from '../../../../activities/tasks/environments/vector-environment.ts';
import { resolveOwnModules } from '../../../../workers/own-tasks/resolution.mjs';
import { ENVIRONMENT_THREAD } from '../../../../workers/processes/places.mjs';
import type { State } from '../../../../activities/tasks/task.ts';

const COUNT = 5;

const folder = mkdtempSync(join(tmpdir(), 'environments-'));
after(() => rmSync(folder, { recursive: true }));
afterEach(() => useEnvironmentThreads(1, ENVIRONMENT_THREAD));

/** An environment in a file: in step 3 it does what `misbehave` says, where it does not begin at 0. */
function fileWith(name: string, misbehave: string): EnvironmentChoice {
  const path = join(folder, `${name}.mjs`);
  writeFileSync(
    path,
    `import { isMainThread } from 'node:worker_threads';
let step = 0;
export default {
  name: 'own',
  observations: 1,
  actions: { low: [-1], high: [1] },
  mostSteps: 100,
  create: () => ({
    stateSize: 1,
    reset: (stream, observation) => observation.fill(stream.next()),
    step(action, observation) {
      step += 1;
      if (step === 3 && !isMainThread) ${misbehave};
      observation.fill(action[0]);
      return { reward: 1, ended: false };
    },
    save: (state) => state.fill(step),
    restore: () => undefined,
  }),
};
`,
  );
  return { kind: 'module', path };
}

async function vectorOf(choice: EnvironmentChoice, threads: number): Promise<VectorEnvironment> {
  useEnvironmentThreads(threads, ENVIRONMENT_THREAD);
  const definition = await loadEnvironment(choice);
  return VectorEnvironment.create(definition, { count: COUNT, seed: 5, name: ['test'], staggered: true, choice });
}

/** Returns all that so many steps give, and the state afterwards; begins with a state, or anew. */
async function run(vector: VectorEnvironment, steps: number, state?: State, size = 1): Promise<readonly unknown[]> {
  await (state ? vector.restore(state) : vector.reset());
  const seen: unknown[] = [];
  for (let step = 0; step < steps; step++) {
    const actions = Float32Array.from({ length: COUNT * size }, (_, at) => Math.sin(7 * step + at));
    const { rewards, ended, cut, final, episodes } = await vector.step(actions);
    seen.push(
      [rewards, ended, cut, final, vector.observations].map((array) => [...array]),
      episodes,
    );
  }
  return [...seen, vector.runningReturns, await vector.save()];
}

describe('environments in threads', () => {
  for (const [name, size, steps] of [
    ['pendulum', 1, 210],
    ['ant-v5', 8, 15],
  ] as const)
    it(`give the same bits as in one thread, whichever had the state before: ${name}`, async () => {
      const [one, two, three] = [await vectorOf(name, 1), await vectorOf(name, 2), await vectorOf(name, 3)];
      const wanted = await run(one, steps, undefined, size);
      assert.deepEqual(await run(two, steps, undefined, size), wanted);
      assert.deepEqual(await run(three, steps, undefined, size), wanted);
      const state = await three.save();
      assert.deepEqual(await run(two, steps, state, size), await run(one, steps, state, size));
      for (const vector of [one, two, three]) await vector.dispose();
    });

  it('tell what an environment throws, with the line, and can be used afterwards', async () => {
    const vector = await vectorOf(fileWith('throwing', "throw new Error('no luck')"), 3);
    await vector.reset();
    await assert.rejects(run(vector, 9), (error: Error) => {
      assert.equal(error.message, 'no luck');
      assert.match(authorLine(error) ?? '', /throwing\.mjs:13:\d+$/);
      return true;
    });
    await run(vector, 9);
    await vector.dispose();
  });

  it('tell that a thread has ended, and are stepped in a new one afterwards', async () => {
    const ending = await vectorOf(fileWith('ending', 'process.exit(3)'), 2);
    const message = 'Cannot step the environments of a thread: it ended with code 3';
    await assert.rejects(run(ending, 9), { message });
    await assert.rejects(ending.save(), { message });
    await ending.dispose();
    const vector = await vectorOf('pendulum', 2);
    await run(vector, 3);
    await vector.dispose();
  });

  it('are those of a file in TypeScript, which imports fire-pbt', async () => {
    const path = fileURLToPath(new URL('../../../../examples/environment/spring.ts', import.meta.url));
    await resolveOwnModules();
    const choice = { kind: 'module', path } as const;
    const [one, two] = [await vectorOf(choice, 1), await vectorOf(choice, 2)];
    assert.deepEqual(await run(two, 110), await run(one, 110));
    await Promise.all([one.dispose(), two.dispose()]);
  });

  it('are all disposed of, although that fails for some', async () => {
    const path = join(folder, 'closing.mjs');
    const closed = join(folder, 'closed');
    writeFileSync(
      path,
      `import { appendFileSync } from 'node:fs';
let made = 0;
export default {
  name: 'closing',
  observations: 1,
  actions: { low: [-1], high: [1] },
  mostSteps: 1,
  create: (number = made++) => ({
    stateSize: 0,
    reset: () => undefined,
    step: () => ({ reward: 0, ended: false }),
    save: () => undefined,
    restore: () => undefined,
    dispose() {
      appendFileSync(${JSON.stringify(closed)}, 'x');
      if (number === 0) throw new Error('already closed');
    },
  }),
};
`,
    );
    const warned = once(process, 'warning');
    await (await vectorOf({ kind: 'module', path }, 2)).dispose();
    assert.equal(readFileSync(closed, 'utf8').length, COUNT);
    const [warning] = (await warned) as Error[];
    assert.match(
      warning?.message ?? '',
      /^Cannot dispose of an environment `closing`: already closed \(.*closing\.mjs:16:\d+\)$/,
    );
  });

  it('tell why they cannot be made', async () => {
    const path = join(folder, 'making.mjs');
    const choice = fileWith('making', '');
    const definition = await loadEnvironment(choice);
    rmSync(path);
    useEnvironmentThreads(2, ENVIRONMENT_THREAD);
    await assert.rejects(
      VectorEnvironment.create(definition, { count: COUNT, seed: 5, name: ['test'], staggered: true, choice }),
      /^Error: Cannot load environment .*making\.mjs: ENOENT: no such file/,
    );
  });
});
