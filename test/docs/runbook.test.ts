import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
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
/** A round of a toy takes a second. */
const PATIENCE_MS = 120_000;
const POLL_MS = 250;

/** The page's blocks of commands, and what must happen before the next block. */
const STEP = new RegExp(
  [
    /^```sh\n(?<commands>.*?)^```$/,
    /^<!-- test: (?<reaching>\S+) reaches round (?<round>\d+) -->$/,
    /^<!-- test: (?<ending>\S+) ends -->$/,
    /^<!-- test: (?<deleted>\S+) is deleted -->$/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gms',
);
const STEPS = [...RUNBOOK.matchAll(STEP)].map(({ groups = {} }) => groups);

describe('the runbook', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-runbook-'));
  let stack: LocalStack;
  let shell: Shell | undefined;
  before(async () => {
    stack = await startStack({ directory, trainers: 2, temporal: 'local', s3: 'local' });
  });
  after(async () => {
    shell?.kill();
    await stack.stop();
    rmSync(directory, { recursive: true, maxRetries: 5 });
  });

  it('has commands that all work in their order', async () => {
    assert.ok(STEPS.length > 10, `${STEPS.length} steps`);
    const { client, connection } = await connectClient(stack.environment);
    shell = new Shell(stack.environment);
    for (const { commands, reaching, round, ending, deleted } of STEPS) {
      for (const command of commands?.trim().split('\n') ?? []) await shell.run(command);
      if (reaching !== undefined) {
        const run = client.workflow.getHandle(reaching);
        const completed = async () => (await run.query(progressQuery).catch(() => undefined))?.round ?? 0;
        await eventually(async () => (await completed()) >= Number(round), PATIENCE_MS, POLL_MS);
      }
      if (ending !== undefined) {
        const run = client.workflow.getHandle(ending);
        await eventually(async () => (await run.describe()).status.name !== 'RUNNING', PATIENCE_MS, POLL_MS);
      }
      if (deleted !== undefined) {
        const query = `WorkflowId = '${deleted}' OR WorkflowId STARTS_WITH '${deleted}/'`;
        await eventually(async () => (await client.workflow.count(query)).count === 0, PATIENCE_MS, POLL_MS);
      }
    }
    assert.ok(shell.commands > 25, `${shell.commands} commands`);
    await shell.close();
    await connection.close();
  });
});

/** One shell for the whole page, as a reader has: variables persist. */
class Shell {
  /** Commands run so far. */
  commands = 0;
  #output = '';
  readonly #bash: ChildProcessWithoutNullStreams;

  constructor(environment: NodeJS.ProcessEnv) {
    this.#bash = spawn('bash', ['--norc', '-u'], {
      cwd: ROOT,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...environment, PATH: [dirname(temporalCommand()), process.env['PATH']].join(delimiter) },
    });
    for (const stream of [this.#bash.stdout, this.#bash.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
  }

  /** Runs a command to its end. Fails with its output if it does not succeed within PATIENCE_MS. */
  async run(command: string): Promise<void> {
    const number = (this.commands += 1);
    this.#output = '';
    // No command may read the lines of the next ones from the shell's input.
    this.#bash.stdin.write(`{ ${command}\n} </dev/null; printf '\\n[%d] %d\\n' $? ${number}\n`);
    const end = new RegExp(`^\\[(\\d+)\\] ${number}$`, 'm');
    await eventually(() => end.test(this.#output), PATIENCE_MS).catch(() =>
      assert.fail(`It does not end: ${command}\n${this.#output}`),
    );
    assert.equal(end.exec(this.#output)?.[1], '0', `${command}\n${this.#output}`);
  }

  async close(): Promise<void> {
    this.#bash.stdin.end();
    await once(this.#bash, 'close');
  }

  kill(): void {
    this.#bash.kill();
  }
}
