import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { eventually } from '../eventually.ts';

const ROOT = join(import.meta.dirname, '../../..');
const EXAMPLES = join(ROOT, 'docs/examples');

describe("npm start -- --tasks, with a task's file outside the checkout", () => {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt own tasks '));
  after(() => rmSync(directory, { recursive: true, maxRetries: 5 }));
  const ring = join(directory, 'ring.ts');
  const broken = join(directory, 'broken.ts');
  copyFileSync(join(EXAMPLES, 'ring.ts'), ring);
  const text = readFileSync(ring, 'utf8');
  const failing = text
    .replace("kind: 'ring'", "kind: 'broken'")
    .replace(
      'const loss = () =>',
      "if (points.shape[0] === 16) throw new Error('no luck');\n        const loss = () =>",
    );
  writeFileSync(broken, failing);
  const line = failing.split('\n').findIndex((one) => one.includes('no luck')) + 1;

  const specification = JSON.parse(readFileSync(join(EXAMPLES, 'ring.json'), 'utf8')) as Record<string, unknown>;
  const inputs = {
    ring: { ...specification, steps: 100 },
    broken: { ...specification, task: { kind: 'broken' } },
    'bad-setting': { ...specification, task: { kind: 'ring', size: 0, colour: 'red' } },
    'bad-hyperparameter': { ...specification, hyperparameters: { learningRate: 0.1, momentum: 0.9 } },
  };
  for (const [name, input] of Object.entries(inputs))
    writeFileSync(join(directory, `${name}.json`), JSON.stringify(input));

  it('trains a network with a layer of its own, and says what is wrong with a task', { timeout: 240_000 }, async () => {
    const holding = start('broken', '--tasks', ring, '--tasks', broken, '--trainers', '2');
    try {
      await eventually(() => holding.output().includes('HOLDING'), 120_000);
      assert.match(
        holding.output(),
        new RegExp(
          `^HOLDING: P\\d/member-\\d in round 1: Cannot .+: no luck \\(${broken}:${line}:\\d+\\) \\(TaskFailed\\)$`,
          'm',
        ),
      );
      // The others use the stack that the first one started.
      const trained = await start('ring', '--tasks', ring).ended;
      assert.equal(trained.code, 0, trained.output);
      assert.match(trained.output, /^ring is done: 2 rounds, 100 steps per member$/m);
      assert.match(trained.output, /^Winner {6}P1\/member-\d: objective 0\.\d{4}, test score 0\.\d{4}$/m);

      const setting = await start('bad-setting').ended;
      assert.equal(setting.code, 1, setting.output);
      assert.match(setting.output, /^Expected `task\.size` to be at least 1, got `0`$/m);
      assert.match(setting.output, /^Expected `task\.colour` to be absent/m);

      const hyperparameter = await start('bad-hyperparameter').ended;
      assert.equal(hyperparameter.code, 1, hyperparameter.output);
      assert.match(
        hyperparameter.output,
        /^Expected `hyperparameters\.momentum` to be absent \(known for this task: learningRate\)/m,
      );

      const other = join(directory, 'other.ts');
      assert.match(
        (await start('ring', '--tasks', other).ended).output,
        new RegExp(`^Cannot use the running stack: its trainers have no tasks from ${other}; stop it`, 'm'),
      );
    } finally {
      holding.interrupt();
      await holding.ended;
    }
    assert.ok(
      holding
        .output()
        .includes(`It resumes at the next npm start or npm run stack with --tasks ${ring} --tasks ${broken}.`),
    );
  });

  it('refuses a file without a task before it starts anything', async () => {
    const empty = join(directory, 'empty.ts');
    writeFileSync(empty, 'export const task = 1;');
    const { code, output } = await start('ring', '--tasks', empty).ended;
    assert.equal(code, 1);
    assert.match(output, new RegExp(`^Expected ${empty} to export a task .*, got the exports \`task\`\n$`));
  });

  function start(name: keyof typeof inputs, ...options: readonly string[]) {
    const child = spawn(
      process.execPath,
      [
        ...['--import', 'tsx', join(ROOT, 'workers/commands/start.ts'), '--directory', join(directory, 'stack')],
        ...['--input-file', join(directory, `${name}.json`), ...options],
      ],
      {
        cwd: ROOT,
        stdio: ['ignore', 'pipe', 'pipe'],
        // Clears variables that would lead to other servers.
        env: { ...process.env, TEMPORAL_ADDRESS: '', AWS_ENDPOINT_URL_S3: '', AWS_ENDPOINT_URL: '' },
      },
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    return {
      output: () => output,
      interrupt: () => child.kill('SIGINT'),
      ended: once(child, 'close').then(([code]) => ({ code: code as number | null, output })),
    };
  }
});
