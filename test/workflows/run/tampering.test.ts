import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { WorkflowFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import type { RunFolder } from '../../../activities/contracts/checkpoint.ts';
import type { ResultSummary } from '../../../activities/contracts/result.ts';
import { RoundRecords } from '../../../activities/runs/rounds.ts';
import { decisionsKey, stateKey } from '../../../activities/storage/layout.ts';
import { progressQuery, resumeUpdate } from '../../../workflows/messages.ts';
import { Tampering } from '../../activities/runs/tampered-records.ts';
import { startObjectServer } from '../../object-server.ts';
import type { ObjectServer } from '../../object-server.ts';
import { poll } from '../../workers/eventually.ts';
import { SMALL } from '../../small-run.ts';
import { startStoredRuns } from '../stored-runs.ts';
import type { StoredRuns } from '../stored-runs.ts';

const ROUND = 5;
const TO_FIRST_TASK = ['--type', 'FirstWorkflowTask', '--reason', 'test', '--reapply-exclude', 'Signal'];

/** What is done to the records of a run that was terminated after round 5, and what comes of it. */
interface Case {
  readonly name: string;
  readonly tamper: (storage: RunFolder) => Promise<void>;
  /** The first warning after a reset, without the folder. */
  readonly warning: RegExp;
  /** The newest round that fits. */
  readonly round: number;
  /** The failure of a run `from` this one, without the folder; undefined: it warns and resumes as the reset does. */
  readonly failure?: RegExp;
  /** Whether decisions of an old round are lost for good. */
  readonly losesStory?: boolean;
}

describe('a run whose records were tampered with', { timeout: 400_000 }, () => {
  let server: ObjectServer;
  let runs: StoredRuns;
  let records: RoundRecords;
  let tampering: Tampering;
  let undisturbed: ResultSummary;
  before(async () => {
    server = await startObjectServer();
    runs = await startStoredRuns({ on: server });
    records = new RoundRecords(runs.objects);
    tampering = new Tampering(runs.objects, records);
    undisturbed = await runs.result('undisturbed');
  });
  after(async () => {
    await runs.stop();
    await server.stop();
  });

  const cases: readonly Case[] = [
    {
      name: 'a state, edited',
      tamper: (storage) => tampering.editState({ storage, round: ROUND, subPopulation: 2 }),
      warning: /^Refused record rounds\/000005\/P2\.json: expected the state after decisions with SHA-256 /,
      round: ROUND - 1,
    },
    {
      name: 'a state of an older round',
      tamper: (storage) => tampering.copy(storage, stateKey(storage, ROUND - 1, 1), stateKey(storage, ROUND, 1)),
      warning: /^Refused record rounds\/000005\/P1\.json: expected round 5 of P1 of run , got round 4 of P1 of run $/,
      round: ROUND,
    },
    {
      name: 'decisions of another run',
      tamper: (storage) =>
        tampering.copy(storage, decisionsKey(undisturbed.storage, ROUND, 2), decisionsKey(storage, ROUND, 2)),
      warning: /^Refused record decisions\/000005\/P2\.json: expected round 5 of P2 of run , got round 5 of P2 of run /,
      round: ROUND - 1,
    },
    {
      name: 'decisions of its first round, deleted',
      tamper: (storage) => tampering.delete(storage, decisionsKey(storage, 1, 2)),
      warning: /^Refused record decisions\/000001\/P2\.json: it is missing$/,
      round: ROUND,
      losesStory: true,
    },
    {
      name: 'a specification, edited',
      tamper: (storage) => tampering.editSpecification(storage),
      warning: /^Refused record specification\.json: expected the specification with SHA-256 [0-9a-f]{64}, got /,
      round: ROUND,
      failure: /^RecordRefused: Cannot use record specification\.json: expected the specification with SHA-256 /,
    },
  ];

  for (const [index, { name, tamper, failure, ...outcome }] of cases.entries()) {
    it(`${name}: refuses it by name after a reset and by \`from\`, and comes to the same result`, async () => {
      const workflowId = `tampered-${index}`;
      const storage = await terminateAfter(workflowId, ROUND);
      await tamper(storage);
      const anonymous = (text: string): string =>
        text.replaceAll(`${storage.folder}/`, '').replaceAll(storage.folder, '');

      const continued = `${workflowId}-from`;
      await runs.start(continued, { from: storage.folder });
      if (failure !== undefined) assert.match(anonymous(await failureOf(continued)), failure);
      else await assertResumes(continued, { ...outcome, trainedBefore: 0 }, anonymous);

      const trainedBefore = runs.trained.length;
      await reset(workflowId);
      await assertResumes(workflowId, { ...outcome, trainedBefore }, anonymous);
    });
  }

  it('holds by name if it needs a record that was edited meanwhile, until the record is restored', async () => {
    const { storage, handle, holds, restore } = await editMeanwhile('restored');
    assert.match(holds[0] ?? '', new RegExp(`^P2 in round 6: record the round: Cannot use record ${storage.folder}/`));
    await restore();
    await handle.executeUpdate(resumeUpdate);
    assert.equal((await handle.result()).decisionsSha256, undisturbed.decisionsSha256);
  });

  it('holds by name if it needs a record that was edited meanwhile, and a reset comes to the same result', async () => {
    const workflowId = 'reset-meanwhile';
    await editMeanwhile(workflowId);
    const trainedBefore = runs.trained.length;
    await reset(workflowId);
    const warning = /^Refused record .*\/rounds\/000005\/P2\.json: expected the state after decisions with SHA-256 /;
    await assertResumes(workflowId, { warning, round: ROUND - 1, trainedBefore }, (text) => text);
  });

  /** Edits a record that a run needs, and waits until the run holds. */
  async function editMeanwhile(workflowId: string) {
    const { handle, storage, open } = await startAndHold(workflowId, ROUND);
    const key = decisionsKey(storage, ROUND, 2);
    const before = await runs.objects.get(storage.bucket, key);
    await tampering.editDecisions({ storage, round: ROUND, subPopulation: 2 });
    open();
    const { holds } = await runs.reached(workflowId, (progress) => progress.holds.length > 0);
    return { storage, handle, holds, restore: () => runs.objects.put(storage.bucket, key, before) };
  }

  /** The run resumes from the round, says what it refused, and decides as if nobody had touched anything. */
  async function assertResumes(
    workflowId: string,
    {
      warning,
      round,
      trainedBefore,
      losesStory = false,
    }: Pick<Case, 'warning' | 'round' | 'losesStory'> & { readonly trainedBefore: number },
    anonymous: (text: string) => string,
  ): Promise<void> {
    const handle = runs.client.workflow.getHandle(workflowId);
    const result = (await handle.result()) as ResultSummary;
    const { warnings } = await handle.query(progressQuery);
    assert.match(anonymous(warnings[0] ?? ''), warning, warnings.join('\n'));
    const { stdout } = await runs.temporal('workflow', 'metadata', '--workflow-id', workflowId);
    assert.ok(stdout.includes(String(warnings[0])), 'the details of the run show the warning');
    const trained = runs.trained
      .slice(trainedBefore)
      .flatMap(({ storage, fromStep }) => (storage.folder === result.storage.folder ? [fromStep] : []));
    assert.equal(Math.min(...trained), round * SMALL.stepsPerRound, 'it resumes from the newest round that fits');
    assert.deepEqual(
      [result.decisionsSha256, result.winner.checkpoint.sha256, result.rounds],
      [losesStory ? null : undisturbed.decisionsSha256, undisturbed.winner.checkpoint.sha256, undisturbed.rounds],
    );
  }

  async function reset(workflowId: string): Promise<void> {
    const { code, stderr } = await runs.temporal('workflow', 'reset', '--workflow-id', workflowId, ...TO_FIRST_TASK);
    assert.equal(code, 0, stderr);
  }

  /** Starts a run that trains no round after this one before the gate is opened. Returns once the round is recorded. */
  async function startAndHold(workflowId: string, round: number) {
    const { promise, resolve, reject } = gate();
    runs.script.beforeTraining = ({ storage, fromStep }) =>
      storage.folder.startsWith(`${workflowId}/`) && fromStep >= round * SMALL.stepsPerRound ? promise : undefined;
    const handle = await runs.start(workflowId);
    const storage = { bucket: 'fire-pbt', folder: `${workflowId}/${handle.firstExecutionRunId}` };
    await poll(
      async () => (await records.recorded(storage)).get(round) ?? [],
      (levels) => levels.length === SMALL.subPopulations.length,
    );
    const release = (settle: () => void): void => {
      delete runs.script.beforeTraining;
      settle();
    };
    return {
      handle,
      storage,
      open: () => release(resolve),
      end: () => release(() => reject(new Error('its run was terminated'))),
    };
  }

  async function terminateAfter(workflowId: string, round: number): Promise<RunFolder> {
    const { handle, storage, end } = await startAndHold(workflowId, round);
    await handle.terminate('test');
    for (const child of ['P1', 'P2'])
      await poll(
        async () => (await runs.client.workflow.getHandle(`${workflowId}/${child}`).describe()).status.name,
        (status) => status !== 'RUNNING',
      );
    end();
    return storage;
  }

  /** Type and message of a run's failure. */
  async function failureOf(workflowId: string): Promise<string> {
    const error = await runs.client.workflow
      .getHandle(workflowId)
      .result()
      .then(
        () => assert.fail('it did not fail'),
        (reason: unknown) => reason,
      );
    assert.ok(error instanceof WorkflowFailedError, String(error));
    const { cause } = error;
    const failure = cause instanceof ActivityFailure ? cause.cause : cause;
    assert.ok(failure instanceof ApplicationFailure, String(failure));
    return `${failure.type}: ${failure.message}`;
  }
});

function gate() {
  let resolve = (): void => undefined;
  let reject = (_: Error): void => undefined;
  const promise = new Promise<void>((opened, broken) => {
    resolve = opened;
    reject = broken;
  });
  // Nobody may wait at it.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
