/** The trainer in Python (trainers/python), with the example for Python, on real servers. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { ObjectStore } from '../../activities/storage/object-store.ts';
import { secondsSincePoll } from '../../activities/operations/trainers.ts';
import { Subject } from '../../workers/conformance/subject.ts';
import { CHECKS, tryAll } from '../../workers/conformance/suite.ts';
import { TrainerUnderTest } from '../../workers/conformance/trainer-under-test.ts';
import { ROOT } from '../../workers/processes/places.mjs';
import { SupervisedProcess } from '../../workers/processes/supervised-process.ts';
import { startObjectServer, type ObjectServer } from '../object-server.ts';
import { startTemporalServer, type TestServer } from '../temporal-server.ts';

const PACKAGE = join(ROOT, 'trainers/python');
const EXAMPLES = join(ROOT, 'examples/python');
const EXAMPLE = join(EXAMPLES, 'task.py');
const PYTHON = join(ROOT, '.local/python/bin/python');
const QUEUE = 'python-trainers';

// Refusals are what the suite asks for; the SDK would log each with its stack.
Runtime.install({ logger: new DefaultLogger('ERROR') });

describe('the trainer in Python', () => {
  let directory: string;
  let temporal: TestServer;
  let server: ObjectServer;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'fire-pbt-python-'));
    [temporal, server] = await Promise.all([startTemporalServer(), startObjectServer()]);
  });
  after(async () => {
    await Promise.all([temporal.stop(), server.stop()]);
    rmSync(directory, { recursive: true });
  });

  it('keeps the whole contract, also when it is killed', async () => {
    const objects = new ObjectStore(server.options);
    await objects.ensureBucket('python');
    const native = await NativeConnection.connect({ address: temporal.address });
    const connection = await Connection.connect({ address: temporal.address });
    const client = new Client({ connection });
    const python = new SupervisedProcess(
      {
        name: 'python',
        command: PYTHON,
        args: ['-m', 'fire_pbt', EXAMPLE, '--task-queue', QUEUE],
        env: { ...process.env, ...server.environment, TEMPORAL_ADDRESS: temporal.address },
        cwd: PACKAGE,
        logFile: join(directory, 'python.log'),
      },
      { say: () => undefined, changed: () => undefined },
    );
    await python.start(async () => (await secondsSincePoll(client, QUEUE)) !== null, 60_000);
    const trainer = await TrainerUnderTest.start({ client, connection: native, namespace: 'default' }, QUEUE);
    try {
      const findings = await tryAll(
        new Subject({
          trainer,
          objects,
          storage: { bucket: 'python', folder: 'conformance/python' },
          task: { kind: 'faults', file: join(EXAMPLES, 'measurements.csv') },
          threads: 1,
          steps: 100,
          longSeconds: 5,
          hyperparameters: {},
          // The file's name is in this command too; the brackets keep it from killing itself.
          kill: `pkill -9 -f '[-]m fire_pbt .*--task-queue ${QUEUE}'`,
        }),
        () => undefined,
      );
      assert.deepEqual(
        findings.filter(({ verdict }) => verdict !== 'holds'),
        [],
      );
      assert.equal(findings.length, CHECKS.length);
    } finally {
      await trainer.stop();
      await python.stop(15_000);
      await connection.close();
      await native.close();
      await objects.close();
    }
  });

  it('writes the same file for the same state, which other programs read', () => {
    const script = `
import hashlib, numpy as np
from safetensors.numpy import load
from fire_pbt.checkpoints import encode
state = {"b": np.arange(6, dtype="float32").reshape(2, 3), "a": np.array(True), "c": np.zeros((0, 2), "int64")}
body = encode(state, {"step": "1", "format": "x", "task": "y"})
for name, array in load(body).items():
    assert array.dtype == state[name].dtype and array.shape == state[name].shape and (array == state[name]).all(), name
print(hashlib.sha256(body).hexdigest())`;
    const run = (): string => execFileSync(PYTHON, ['-c', script], { cwd: PACKAGE, encoding: 'utf8' });
    assert.equal(run(), run());
  });

  for (const [what, source, expected] of [
    ['there is no such file', undefined, /^Cannot read .*none\.py: there is no such file$/m],
    ['no class is a task', 'x = 1\n', /no class derives from fire_pbt\.Task and has a `kind`$/m],
    [
      'two tasks are of one kind',
      "from fire_pbt import Task\nclass A(Task):\n    kind = 'a'\nclass B(Task):\n    kind = 'a'\n",
      /two tasks are of kind a$/m,
    ],
  ] as const)
    it(`says in one line if ${what}`, async () => {
      const file = join(directory, source === undefined ? 'none.py' : 'some.py');
      if (source !== undefined) writeFileSync(file, source);
      const { code, output } = await run(file);
      assert.equal(code, 1);
      assert.match(output, expected);
      assert.equal(output.trim().split('\n').length, 1, output);
    });

  it('says in one line that no stack runs in a folder', async () => {
    const { code, output } = await run(EXAMPLE, {}, '--stack', directory);
    assert.equal(code, 1);
    assert.match(output, /^Cannot find a running stack in .*: No such file or directory \(.*stack\.json\)\n$/);
  });

  it('says in one line that Temporal cannot be reached', async () => {
    const { code, output } = await run(EXAMPLE, { TEMPORAL_ADDRESS: '127.0.0.1:1' });
    assert.equal(code, 1);
    assert.match(output, /^Cannot connect to Temporal at 127\.0\.0\.1:1: /m);
    assert.doesNotMatch(output, /Traceback|Fatal/);
  });

  function run(
    file: string,
    environment: NodeJS.ProcessEnv = {},
    ...options: readonly string[]
  ): Promise<{ code: number; output: string }> {
    const env = { ...process.env, ...server.environment, TEMPORAL_ADDRESS: temporal.address, ...environment };
    return new Promise((resolve) => {
      execFile(
        PYTHON,
        ['-m', 'fire_pbt', file, ...options],
        { cwd: PACKAGE, env, timeout: 60_000 },
        (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
      );
    });
  }
});
