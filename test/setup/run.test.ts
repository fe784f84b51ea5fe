/** A tool that runs after set-up gets its own arguments and signals, and decides its exit code; its help needs none. */

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { TOOL_HELP } from '../../workers/commands/tool-help.mjs';

const ROOT = path.resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(tmpdir(), 'fire-pbt-tool-'));
after(() => rmSync(folder, { recursive: true }));
const tool = path.join(folder, 'tool.ts');
writeFileSync(
  tool,
  `
const [first]: readonly (string | undefined)[] = process.argv.slice(2);
process.on('SIGINT', () => process.exit(7));
if (first === 'wait') setInterval(() => {}, 1000);
console.log(JSON.stringify({ arguments: process.argv.slice(2), tool: process.argv[1] }));
if (first === 'fail') process.exitCode = 3;
`,
);

function run(...args: readonly string[]) {
  return spawn(process.execPath, ['setup/run.mjs', tool, ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
}

test('a tool gets all arguments, and set-up prints nothing to its output', async () => {
  const child = run('--help', '--', 'experiments/x.json', '--tests');
  const said = JSON.parse(String((await once(child.stdout, 'data'))[0])) as unknown;
  assert.deepEqual(said, { arguments: ['--help', '--', 'experiments/x.json', '--tests'], tool });
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('--help of a command for developers sets nothing up', async () => {
  for (const [name, help] of Object.entries(TOOL_HELP)) {
    const args = ['setup/run.mjs', `workers/commands/${name}.ts`, '--help'];
    // Set-up would refuse this.
    const env = { ...process.env, TENSORFLOW_PREFIX: folder };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env });
    assert.deepEqual([stdout, stderr], [`${help.trim()}\n`, '']);
  }
});

test('the exit code of a tool becomes the exit code of the process', async () => {
  const child = run('fail');
  child.stdout.resume();
  assert.deepEqual(await once(child, 'exit'), [3, null]);
});

test('a signal reaches the tool', async () => {
  const child = run('wait');
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  assert.deepEqual(await once(child, 'exit'), [7, null]);
});
