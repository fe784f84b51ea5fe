import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startStack } from '../../workers/stack/local-stack.ts';
import type { LocalStack } from '../../workers/stack/local-stack.ts';
import { connectClient } from '../../workers/processes/temporal-connection.ts';
import { progressQuery } from '../../workflows/messages.ts';
import { temporalCommand } from '../temporal-server.ts';
import { eventually } from '../workers/eventually.ts';

const ROOT = join(import.meta.dirname, '../..');
const RUNBOOK = readFileSync(join(ROOT, 'docs/runbook.md'), 'utf8');
/** Rounds of a toy take a second. */
const PATIENCE_MS = 120_000;

/** The page's blocks of commands, and between them what has to have happened before the next. */
const STEPS = [...RUNBOOK.matchAll(/^```sh\n(?<commands>.*?)^```$|^<!-- test: (?<workflowId>\S+) (?:reaches round (?<round>\d+)|(?<ends>ends)) -->$/gms)].map(({ groups = {} }) => groups);

describe('the runbook', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-runbook-'));
  let stack: LocalStack;
  let kill = (): unknown => undefined;
  before(async () => {
    stack = await startStack({ directory, trainers: 2, temporal: 'local', s3: 'local' });
  });
  after(async () => {
    kill();
    await stack.stop();
    rmSync(directory, { recursive: true, maxRetries: 5 });
  });

  it('has commands that all work, in their order', async () => {
    assert.ok(STEPS.length > 10, `${STEPS.length} steps`);
    const { client, connection } = await connectClient(stack.environment);
    // One shell for the whole page, as a reader has: variables stay.
    const shell = spawn('bash', ['--norc', '-u'], {
      cwd: ROOT,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...stack.environment, PATH: [dirname(temporalCommand()), process.env['PATH']].join(delimiter) },
    });
    kill = () => shell.kill();
    let output = '';
    for (const stream of [shell.stdout, shell.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    let commands = 0;
    for (const { commands: block, workflowId = '', round, ends } of STEPS) {
      if (block !== undefined) {
        for (const command of block.trim().split('\n')) {
          const number = (commands += 1);
          output = '';
          // None may read what the next are typed into.
          shell.stdin.write(`{ ${command}\n} </dev/null; printf '\\n[%d] %d\\n' $? ${number}\n`);
          await eventually(() => new RegExp(`^\\[\\d+\\] ${number}$`, 'm').test(output), PATIENCE_MS).catch(() => assert.fail(`It does not end: ${command}\n${output}`));
          assert.match(output, new RegExp(`^\\[0\\] ${number}$`, 'm'), `${command}\n${output}`);
        }
      } else if (ends) {
        await eventually(async () => (await client.workflow.getHandle(workflowId).describe()).status.name !== 'RUNNING', PATIENCE_MS, 250);
      } else {
        await eventually(async () => ((await client.workflow.getHandle(workflowId).query(progressQuery).catch(() => undefined))?.round ?? 0) >= Number(round), PATIENCE_MS, 250);
      }
    }
    assert.ok(commands > 25, `${commands} commands`);
    shell.stdin.end();
    await once(shell, 'close');
    await connection.close();
  });
});
