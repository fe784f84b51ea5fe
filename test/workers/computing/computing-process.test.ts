import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { ComputingEnded } from '../../../activities/training/computer.ts';
import { ComputingProcess } from '../../../workers/computing/computing-process.ts';
import { tensorFlowEnvironment } from '../../../workers/processes/tensorflow-environment.ts';
import { describeComputer, observing, orderOf, trained } from '../../activities/training/computer-cases.ts';
import { STORAGE } from '../../activities/training/training-harness.ts';
import { startObjectServer, type ObjectServer } from '../../object-server.ts';
import { eventually } from '../eventually.ts';

/** An interruption, a killed process: both are promised within two seconds. */
const PROMPT_MS = 2_000;
const TROUBLE_AT = 7;

describe('a computer in a process that is started for it', () => {
  describeComputer(async (server) => {
    const computer = new ComputingProcess({
      name: 'computing',
      args: ['--threads', '1'],
      environment: tensorFlowEnvironment(1, { ...process.env, ...server.environment }),
      hangAfterMs: 600_000,
    });
    await computer.start();
    return { computer, stop: () => computer.stop() };
  });
});

describe('a computing process', () => {
  let server: ObjectServer;
  let directory: string;
  let file: string;
  before(async () => {
    server = await startObjectServer();
    const objects = new ObjectStore(server.options);
    await objects.ensureBucket(STORAGE.bucket);
    await objects.close();
    directory = mkdtempSync(join(tmpdir(), 'fire-pbt-computing-'));
    file = join(directory, 'in-trouble');
  });
  after(async () => {
    rmSync(directory, { recursive: true });
    await server.stop();
  });

  /** Starts a process with a toy that is in trouble at step 7, and gives it to the test. */
  async function withTrouble(
    trouble: string,
    test: (computer: ComputingProcess) => Promise<void>,
    hangAfterMs = 600_000,
  ): Promise<void> {
    writeFileSync(file, '');
    rmSync(`${file}.now`, { force: true });
    const computer = new ComputingProcess({
      name: 'computing',
      script: 'test/workers/computing/troubled-computing.ts',
      args: [],
      environment: {
        ...process.env,
        ...server.environment,
        TROUBLE: trouble,
        TROUBLE_AT: String(TROUBLE_AT),
        TROUBLE_WHILE: file,
      },
      hangAfterMs,
    });
    try {
      await computer.start();
      await test(computer);
    } finally {
      await computer.stop();
    }
  }

  for (const [trouble, how] of [
    ['SIGSEGV', 'was ended by SIGSEGV'],
    ['SIGABRT', 'was ended by SIGABRT'],
    ['SIGKILL', String.raw`was ended by SIGKILL \(perhaps by the system, for want of memory\)`],
    ['exit', 'ended with code 3'],
  ] as const) {
    it(`that ends by ${trouble} fails the order, which a fresh one carries out`, () =>
      withTrouble(trouble, async (computer) => {
        const undisturbed = await trained(computer, orderOf({ toStep: 5 }));
        const first = computer.pid;
        await assert.rejects(computer.train(orderOf(), observing().observer), (error) => {
          assert.ok(error instanceof ComputingEnded);
          assert.match(error.how, new RegExp(`^${how} while training after step \\d+$`));
          return true;
        });
        assert.deepEqual(await trained(computer, orderOf({ toStep: 5 })), undisturbed);
        assert.notEqual(computer.pid, first);
      }));
  }

  for (const trouble of ['600000', 'never'] as const) {
    const what = trouble === 'never' ? 'waits for ever' : 'does not return';
    it(`whose step ${what} is killed and said to have hung`, () =>
      withTrouble(
        trouble,
        async (computer) => {
          await assert.rejects(computer.train(orderOf({ evalEvery: 1 }), observing().observer), (error) => {
            assert.ok(error instanceof ComputingEnded);
            assert.match(
              error.how,
              /^hung \(it made no progress for \d+ s\) and was killed while training after step \d+$/,
            );
            return true;
          });
        },
        1_000,
      ));

    for (const saves of [true, false]) {
      it(`whose step ${what} is killed when it is interrupted ${saves ? 'to hand over' : 'to give up'}`, () =>
        withTrouble(trouble, async (computer) => {
          const undisturbed = await trained(computer, orderOf({ toStep: TROUBLE_AT - 2 }));
          const { observer, interrupt } = observing();
          const outcome = computer.train(orderOf(), observer);
          await eventually(() => existsSync(`${file}.now`));
          const interruptedAtMs = performance.now();
          interrupt({ saves });
          assert.deepEqual(await outcome, { interrupted: true });
          const tookMs = performance.now() - interruptedAtMs;
          assert.ok(tookMs < PROMPT_MS, `it ended after ${tookMs} ms`);
          assert.deepEqual(await trained(computer, orderOf({ toStep: TROUBLE_AT - 2 })), undisturbed);
        }));
    }
  }
});
