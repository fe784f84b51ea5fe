/**
 * `npm run conformance`: tries whether the trainers of a task queue do what docs/trainer-contract.md says.
 */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { secondsSincePoll } from '../../activities/operations/trainers.ts';
import { DEFAULT_BUCKET, keyPrefix } from '../../activities/storage/layout.ts';
import type { ObjectStore } from '../../activities/storage/object-store.ts';
import type { TaskSpecification } from '../../activities/contracts/task.ts';
import type { HyperparameterValues } from '../../workflows/algorithm/hyperparameters.ts';
import { isRecord } from '../../workflows/validation/draft.ts';
import { Subject } from '../conformance/subject.ts';
import { tryAll, type Finding } from '../conformance/suite.ts';
import { TrainerUnderTest } from '../conformance/trainer-under-test.ts';
import { parseWholeNumber, readOptions } from '../processes/command-line.ts';
import { OBJECT_OPTIONS, withObjects } from '../processes/object-access.ts';
import { runningStackEnvironment } from '../processes/stack-connection.ts';
import { connectClient, connectWorker } from '../processes/temporal-connection.ts';
import { runProcess, UserError } from '../processes/user-error.ts';
import { wantedServers } from '../stack/servers.ts';
import { HELP } from './help.mjs';

const OPTIONS = {
  'task-queue': { type: 'string', default: 'fire-pbt-trainers' },
  task: { type: 'string' },
  hyperparameters: { type: 'string', default: '{}' },
  threads: { type: 'string', default: '1' },
  steps: { type: 'string', default: '100' },
  kill: { type: 'string' },
  keep: { type: 'boolean', default: false },
  ...OBJECT_OPTIONS,
} as const;

/** Long enough to be interrupted although heartbeats tell of it with a delay of seconds. */
const LONG_SECONDS = 10;

// The suite asks for refusals; the SDK would log each with its stack.
Runtime.install({ logger: new DefaultLogger('ERROR') });

const MARKS = { holds: '✓', violated: '✗', 'not tried': '–' } as const;

await runProcess(async () => {
  const options = readOptions(OPTIONS, HELP.conformance);
  const task = readTask(options.task);
  const hyperparameters = readObject('hyperparameters', options.hyperparameters) as HyperparameterValues;
  const threads = parseWholeNumber('threads', options.threads, 1, 256) ?? 1;
  const steps = parseWholeNumber('steps', options.steps, 2, 1_000_000_000) ?? 2;
  if (steps % 2 !== 0) throw new UserError(`Expected \`--steps\` to be even, got \`${steps}\``);
  const { 'task-queue': taskQueue, bucket = DEFAULT_BUCKET, directory, kill, keep } = options;
  return withObjects(directory, async (objects) => {
    await objects.ensureBucket(bucket);
    const storage = { bucket, folder: `conformance/${randomUUID()}` };
    const subject = { objects, storage, task, hyperparameters, threads, steps, kill, longSeconds: LONG_SECONDS };
    try {
      return await tryTrainers(taskQueue, subject, await environmentOf(directory));
    } finally {
      if (!keep) await deleteAll(objects, storage);
    }
  });
});

async function tryTrainers(
  taskQueue: string,
  options: Omit<ConstructorParameters<typeof Subject>[0], 'trainer'>,
  environment: NodeJS.ProcessEnv,
): Promise<number> {
  const [{ client, connection: clientConnection }, { connection, namespace }] = await Promise.all([
    connectClient(environment),
    connectWorker(environment),
  ]);
  try {
    await requireTrainers(client, taskQueue);
    const trainer = await TrainerUnderTest.start({ client, connection, namespace }, taskQueue);
    try {
      const findings = await tryAll(new Subject({ ...options, trainer }), print);
      return summarise(findings);
    } finally {
      await trainer.stop();
    }
  } finally {
    await Promise.all([clientConnection.close(), connection.close()]);
  }
}

/** Returns the environment that names the server: this process's if it names one, else that of the running stack. */
async function environmentOf(directory: string | undefined): Promise<NodeJS.ProcessEnv> {
  if (wantedServers({}, process.env).temporal === 'own') return process.env;
  return (await runningStackEnvironment(directory)) ?? process.env;
}

async function requireTrainers(client: Client, taskQueue: string): Promise<void> {
  if ((await secondsSincePoll(client, taskQueue)) !== null) return;
  throw new UserError(
    `Nobody serves task queue ${taskQueue}: start a trainer, or name its task queue by \`--task-queue\``,
  );
}

function print({ title, verdict, reason }: Finding): void {
  console.log(`${MARKS[verdict]} ${title}`);
  if (reason !== null) console.log(`    ${verdict === 'not tried' ? `not tried: ${reason}` : reason}`);
}

function summarise(findings: readonly Finding[]): number {
  const count = (verdict: Finding['verdict']): number => findings.filter((one) => one.verdict === verdict).length;
  const [holds, violated, notTried] = [count('holds'), count('violated'), count('not tried')];
  console.log(`${holds} hold, ${violated} do not${notTried === 0 ? '' : `, ${notTried} not tried`}`);
  return violated === 0 && holds > 0 ? 0 : 1;
}

function readTask(text: string | undefined): TaskSpecification {
  if (text === undefined) throw new UserError('Expected `--task` to name a task. --help lists the options.');
  const task = readObject('task', text);
  const { kind } = task;
  if (typeof kind !== 'string') throw new UserError(`Expected \`--task\` to have a kind, got \`${text}\``);
  return { ...task, kind };
}

function readObject(name: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch {
    // It is told below.
  }
  throw new UserError(`Expected \`--${name}\` to be a JSON object, got \`${text}\``);
}

async function deleteAll(objects: ObjectStore, storage: { bucket: string; folder: string }): Promise<void> {
  const stored = await objects.list(storage.bucket, keyPrefix(storage));
  await objects.delete(
    storage.bucket,
    stored.map(({ key }) => key),
  );
}
