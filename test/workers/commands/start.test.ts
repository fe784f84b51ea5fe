import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, describe, it } from 'node:test';
import { SMALL } from '../../small-run.ts';
import { endWithTest, runCommand } from '../command.ts';
import { eventually } from '../eventually.ts';

const ROOT = join(import.meta.dirname, '../../..');
const SPECIFICATION = { ...SMALL, task: { kind: 'toy', variant: 'plain' }, steps: 600 };
/** As programs of all kinds read them. */
const PROXY_VARIABLES = ['http_proxy', 'https_proxy', 'grpc_proxy', 'all_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'];

describe('npm start', () => {
  // Characters that URIs and shells treat as special; `#` once kept the database from being found again.
  const directory = mkdtempSync(join(tmpdir(), "fire-pbt start #1 %20 ?'-"));
  const inputFile = join(directory, 'small.json');
  writeFileSync(inputFile, JSON.stringify(SPECIFICATION));
  after(() => rmSync(directory, { recursive: true, maxRetries: 5 }));

  it('loses nothing when it is interrupted and started again', async () => {
    const first = start('--input-file', inputFile, '--trainers', '2');
    // Several rounds may end between two queries.
    await eventually(() => /^round \d+ of 30 /m.test(first.output()), 240_000);
    first.interrupt();
    // The second one kills what is still running; it counts only if it does not follow at once, as npm's own does.
    for (const delayMs of [100, 900, 1_000]) setTimeout(first.interrupt, delayMs).unref();
    assert.equal(await first.exitCode, 130, first.output());
    assert.doesNotMatch(first.output(), /restart/);
    assert.match(first.output(), /^Workers {4}11 \(4 \+ 4 \+ 3\): 8 members, 3 evaluators$/m);
    assert.match(first.output(), /^Live page {2}http:\/\/127\.0\.0\.1:\d+\/runs\/small\/[\w-]+$/m);
    const options = `--directory ${quoted(directory)}`;
    const saved =
      `small is saved. Resume it with\n  npm start -- ${options} --input-file ${quoted(inputFile)} --trainers 2\n` +
      `or, without watching it, with\n  npm run stack -- --trainers 2 ${options}\n`;
    assert.ok(first.output().includes(saved), first.output());

    const second = start('--input-file', inputFile, '--trainers', '2');
    assert.equal(await second.exitCode, 0, second.output());
    assert.match(second.output(), /^small is already running with its original input: watching it$/m);
    assert.match(second.output(), /^small is done: 30 rounds, 600 steps per member$/m);
    assert.match(second.output(), /^Winner {6}P1\/member-\d: objective \d\.\d{4}, test score \d\.\d{4}$/m);
    assert.match(second.output(), /^Schedule {4}h: /m);
    const result = /^Result {6}(.+)$/m.exec(second.output())?.[1];
    assert.ok(result && existsSync(resolve(ROOT, result)), result);
    assert.doesNotMatch(second.output(), /^Web UI {6}/m, 'its server has ended');

    const [, report = ''] = /\nReport: (file:.+)\n$/.exec(second.output()) ?? [];
    const written = readFileSync(new URL(report), 'utf8');
    assert.match(written, /<h1>small <span class="state done">finished<\/span><\/h1>/);
    const again = await runCommand('report.ts', ['--run', 'small', '--directory', directory]);
    assert.equal(again.code, 0, again.errors);
    assert.equal(again.output.replace(/[\d.]+ (?:kB|MB)/, 'n'), `Wrote n to ${report}\n`);
    assert.equal(readFileSync(new URL(report), 'utf8'), written, 'the same, with the stack down');
  });

  it('refuses an invalid specification before it starts anything', async () => {
    const bad = join(directory, 'bad.json');
    writeFileSync(bad, JSON.stringify({ ...SPECIFICATION, steps: 601, seed: -1 }));
    const run = start('--input-file', bad);
    assert.equal(await run.exitCode, 1);
    assert.match(run.output(), /bad\.json: Cannot use the specification: 2 errors\n.*`seed`.*\n.*`steps`/);
    assert.doesNotMatch(run.output(), /\n\s+at /);
  });

  const quoted = (path: string): string => `'${path.replaceAll("'", "'\\''")}'`;

  function start(...options: string[]) {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', 'workers/commands/start.ts', '--directory', directory, ...options],
      {
        cwd: ROOT,
        stdio: ['ignore', 'pipe', 'pipe'],
        // Clears variables that would lead to other servers. Nothing answers at the proxy, which others may need.
        env: {
          ...process.env,
          ...Object.fromEntries(PROXY_VARIABLES.map((name) => [name, 'http://127.0.0.1:9'])),
          ...{ no_proxy: '', NO_PROXY: '' },
          ...{ TEMPORAL_ADDRESS: '', AWS_ENDPOINT_URL_S3: '', AWS_ENDPOINT_URL: '' },
        },
      },
    );
    endWithTest(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    return {
      output: () => output,
      interrupt: () => child.kill('SIGINT'),
      exitCode: once(child, 'close').then(([code]) => code as number | null),
    };
  }
});
