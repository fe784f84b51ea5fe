import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import type { SpawnSyncReturns } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { progressQuery } from '../../../workflows/messages.ts';
import { SEARCH_ATTRIBUTE_TYPES } from '../../../workflows/run/search-attributes.ts';
import type { ResultSummary } from '../../../activities/contracts/result.ts';
import { joinStack } from '../../../workers/stack/joining.ts';
import type { JoinedStack } from '../../../workers/stack/joining.ts';
import { startStack } from '../../../workers/stack/local-stack.ts';
import type { LocalStack } from '../../../workers/stack/local-stack.ts';
import type { StackOptions } from '../../../workers/stack/options.ts';
import { connectClient } from '../../../workers/processes/temporal-connection.ts';
import { outcomeOf } from '../../../workers/chaos/outcome.ts';
import { SMALL } from '../../small-run.ts';
import { startTemporalServer, temporalCommand } from '../../temporal-server.ts';
import { eventually } from '../eventually.ts';

const SPECIFICATION = { ...SMALL, steps: 120 };
const ROUNDS = 6;

describe('the local stack', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-stack-'));
  const said: string[] = [];
  let stack: LocalStack;
  let undisturbed: ResultSummary;

  before(async () => {
    stack = await startIn(directory, (line) => said.push(line));
    undisturbed = await runToTheEnd(stack, 'undisturbed', () => undefined);
  });

  after(async () => {
    await stack.stop();
    rmSync(directory, { recursive: true });
  });

  it('refuses to start a second time in the same directory', async () => {
    await assert.rejects(startIn(directory), {
      name: 'UserError',
      message: `Cannot start the stack: it is already running in ${directory}`,
    });
  });

  it('cannot be joined if the options or the environment name other servers', async () => {
    const joined = (
      change: Partial<StackOptions>,
      environment: NodeJS.ProcessEnv = {},
    ): Promise<JoinedStack | undefined> =>
      joinStack(
        { directory, ...change, environment: { ...process.env, ...environment } },
        new Promise(() => undefined),
      );
    const itsOwn = (what: string): string => `^Cannot use the running stack: it uses its own ${what} at \\S+, not `;
    for (const [change, environment, message] of [
      [{ temporal: 'own' }, {}, `${itsOwn('Temporal')}yours; stop it`],
      [{}, { TEMPORAL_ADDRESS: '127.0.0.1:1' }, `${itsOwn('Temporal')}127\\.0\\.0\\.1:1; stop it`],
      [{}, { TEMPORAL_PROFILE: 'cluster' }, `${itsOwn('Temporal')}yours; stop it`],
      [{ s3: 'own' }, {}, `${itsOwn('S3')}yours; stop it`],
      [{}, { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' }, `${itsOwn('S3')}http://127\\.0\\.0\\.1:1; stop it`],
    ] as const) {
      await assert.rejects(joined(change, environment), { name: 'UserError', message: new RegExp(message) });
    }
    for (const environment of [
      {},
      { TEMPORAL_ADDRESS: stack.temporal.address, AWS_ENDPOINT_URL_S3: stack.s3.endpoint ?? '' },
    ])
      assert.equal((await joined({}, environment))?.startedHere, false);
  });

  it('hides its credentials from other users, command lines and the record of addresses', () => {
    const { credentialsFile } = stack.s3;
    assert.ok(credentialsFile);
    assert.equal(statSync(credentialsFile).mode & 0o777, 0o600);
    const secret = /^aws_secret_access_key = (\w+)$/m.exec(readFileSync(credentialsFile, 'utf8'))?.[1];
    assert.ok(secret);
    assert.equal(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).includes(secret), false);
    assert.equal(readFileSync(join(directory, 'state', 'stack.json'), 'utf8').includes(secret), false);
  });

  it('registers the search attributes of the runs', async () => {
    const { connection, namespace } = await connectClient(stack.environment);
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    for (const name of Object.keys(SEARCH_ATTRIBUTE_TYPES)) assert.ok(name in (customAttributes ?? {}), name);
    await connection.close();
  });

  it('gives the same result when each of its parts is killed', async () => {
    assert.deepEqual(stack.parts, ['temporal', 's3', 'orchestrator', 'trainer-0', 'trainer-1']);
    const victims = stack.parts.slice(0, 4);
    let killed = 0;
    const disturbed = await runToTheEnd(stack, 'disturbed', (round) => {
      const victim = victims[killed];
      if (victim === undefined || round <= killed) return;
      stack.kill(victim);
      killed += 1;
    });
    assert.equal(killed, victims.length);
    assert.deepEqual(outcomeOf(disturbed), outcomeOf(undisturbed));
    for (const part of victims) assert.ok(said.includes(`${part} was ended by SIGKILL: restarting it`), part);
  });

  it('gives the same results with two runs at once', async () => {
    const [first, second] = await Promise.all([
      runToTheEnd(stack, 'first-of-two', () => undefined),
      runToTheEnd(stack, 'second-of-two', () => undefined, 1),
    ]);
    const alone = await runToTheEnd(stack, 'alone', () => undefined, 1);
    assert.deepEqual(outcomeOf(first), outcomeOf(undisturbed));
    assert.deepEqual(outcomeOf(second), outcomeOf(alone));
    assert.notEqual(first.decisionsSha256, second.decisionsSha256);
  });

  it('starts no second run under the id of a running one, and does not disturb that one', async () => {
    const { client, connection } = await connectClient(stack.environment);
    const handle = await client.workflow.start('firePbt', {
      workflowId: 'twice',
      taskQueue: stack.queue,
      args: [SPECIFICATION],
    });
    const startAgain = (...options: readonly string[]): SpawnSyncReturns<string> =>
      spawnSync(
        temporalCommand(),
        [
          '--address',
          stack.temporal.address,
          'workflow',
          'start',
          '--type',
          'firePbt',
          '--task-queue',
          stack.queue,
          '--workflow-id',
          'twice',
          '--input',
          JSON.stringify(SPECIFICATION),
          ...options,
        ],
        { encoding: 'utf8' },
      );
    const refused = startAgain('--fail-existing');
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /Workflow execution is already running/);
    // Without the option, the CLI prints the running run as if it had started it.
    assert.match(startAgain().stdout, new RegExp(handle.firstExecutionRunId));
    assert.deepEqual(outcomeOf((await handle.result()) as ResultSummary), outcomeOf(undisturbed));
    await connection.close();
  });

  it('writes no credentials to state, histories, objects or logs, even after kills', () => {
    const credentials = readFileSync(stack.s3.credentialsFile ?? '', 'utf8');
    const texts = readdirSync(directory, { recursive: true, withFileTypes: true }).flatMap((entry) => {
      const file = join(entry.parentPath, entry.name);
      return entry.isFile() && file !== stack.s3.credentialsFile ? [readFileSync(file, 'latin1')] : [];
    });
    // Shows that the search works: it finds a run's name in the database of the histories and in the objects.
    assert.ok(texts.filter((text) => text.includes('disturbed')).length > 2);
    for (const secret of credentials.matchAll(/^aws_\w+ = (\w+)$/gm))
      assert.equal(texts.filter((text) => text.includes(secret[1] ?? '')).length, 0, secret[0].split(' ')[0]);
    assert.equal([...credentials.matchAll(/^aws_\w+ = (\w+)$/gm)].length, 2);
  });

  it('stops all its processes, and resumes an unfinished run at the next start', async () => {
    const { client, connection } = await connectClient(stack.environment);
    const handle = await client.workflow.start('firePbt', {
      workflowId: 'unfinished',
      taskQueue: stack.queue,
      args: [SPECIFICATION],
    });
    await eventually(async () => (await handle.query(progressQuery).catch(() => undefined))?.round === 1, 60_000);
    await connection.close();
    const pids = stack.parts.map((part) => stack.processId(part) ?? 0);
    await stack.stop();
    for (const pid of pids) await eventually(() => !groupLives(pid));
    assert.equal(readdirSync(join(directory, 'state')).includes('stack.json'), false);

    stack = await startIn(directory, (line) => said.push(line));
    const again = await connectClient(stack.environment);
    const result = (await again.client.workflow.getHandle('unfinished').result()) as ResultSummary;
    assert.equal(result.rounds, ROUNDS);
    await again.connection.close();
  });
});

describe('the start of the local stack', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-stack-'));
  after(() => rmSync(directory, { recursive: true }));

  it('says in one line that Temporal cannot be reached', async () => {
    await assert.rejects(
      startStack({ directory, s3: 'own', environment: { ...process.env, TEMPORAL_ADDRESS: '127.0.0.1:1' } }),
      {
        name: 'UserError',
        message: /^Cannot connect to Temporal at 127\.0\.0\.1:1, namespace default: [^\n]+$/,
      },
    );
  });

  it('says how to create missing search attributes on the user’s own server', async () => {
    const server = await startTemporalServer([], { searchAttributes: {} });
    try {
      await assert.rejects(
        startStack({ directory, s3: 'own', environment: { ...process.env, TEMPORAL_ADDRESS: server.address } }),
        {
          name: 'UserError',
          message: new RegExp(
            String.raw`has no search attributes FirePbtAlgorithm, .*temporal operator search-attribute ` +
              String.raw`create --namespace default --name FirePbtAlgorithm --type Keyword`,
          ),
        },
      );
    } finally {
      await server.stop();
    }
  });

  it('says in one line that S3 cannot be reached', async () => {
    const environment = {
      ...process.env,
      AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1',
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'an-access-key',
      AWS_SECRET_ACCESS_KEY: 'a-secret-key',
    };
    await assert.rejects(startStack({ directory, trainers: 1, environment }), {
      name: 'UserError',
      message: /^Cannot use your S3: [^\n]+ the store does not answer \(ECONNREFUSED\)[^\n]+$/,
    });
  });
});

/** Starts a stack with other ports than the default, one of them taken, so that tests never meet a stack in use. */
async function startIn(directory: string, say: (line: string) => void = () => undefined): Promise<LocalStack> {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  try {
    const stack = await startStack({
      directory,
      trainers: 2,
      temporal: 'local',
      s3: 'local',
      ports: { temporal: port, webUi: port, s3: port },
      say,
    });
    assert.equal(new Set([stack.temporal.address, `127.0.0.1:${port}`]).size, 2);
    return stack;
  } finally {
    other.close();
  }
}

async function runToTheEnd(
  stack: LocalStack,
  workflowId: string,
  onProgress: (round: number) => void,
  seed = 0,
): Promise<ResultSummary> {
  const { client, connection } = await connectClient(stack.environment);
  const handle = await client.workflow.start('firePbt', {
    workflowId,
    taskQueue: stack.queue,
    args: [{ ...SPECIFICATION, seed }],
  });
  let result: ResultSummary | undefined;
  await eventually(
    async () => {
      // The server may be down, because the test kills it.
      const progress = await handle.query(progressQuery).catch(() => undefined);
      if (progress) onProgress(progress.round);
      if (progress?.status === 'finished')
        result = (await handle.result().catch(() => undefined)) as ResultSummary | undefined;
      return result !== undefined;
    },
    180_000,
    250,
  );
  await connection.close();
  assert.ok(result);
  return result;
}

/** Tells whether the group has a process that is no zombie. */
function groupLives(group: number): boolean {
  return readdirSync('/proc').some((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      const [state, , processGroup] = readFileSync(`/proc/${entry}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return Number(processGroup) === group && state !== 'Z';
    } catch {
      return false;
    }
  });
}
