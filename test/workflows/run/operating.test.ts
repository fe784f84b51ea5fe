import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ResultSummary } from '../../../activities/contracts/result.ts';
import type { RoundRecord } from '../../../activities/runs/rounds.ts';
import { decisionsKey } from '../../../activities/storage/layout.ts';
import { MESSAGE_DESCRIPTIONS } from '../../../workflows/messages.ts';
import type { EvaluatorView, Leader, MemberView, RunProgress } from '../../../activities/contracts/messages.ts';
import type { HistorySegment } from '../../../workflows/population/state.ts';
import { eventually } from '../../workers/eventually.ts';
import { SMALL } from '../../small-run.ts';
import { startStoredRuns } from '../stored-runs.ts';
import type { StoredRuns } from '../stored-runs.ts';
import type { CommandOutcome } from '../../temporal-server.ts';

/** Malformed stopEarly signals by input (undefined: none), with what the run says of them. */
const BAD_SIGNALS: readonly (readonly [input: string | undefined, why: string])[] = [
  [
    undefined,
    'Expected `stopEarly` to be an object with the keys reason, subPopulation, member, evaluator, got `undefined`',
  ],
  ['null', 'Expected `stopEarly` to be an object with the keys reason, subPopulation, member, evaluator, got `null`'],
  [
    '"enough"',
    'Expected `stopEarly` to be an object with the keys reason, subPopulation, member, evaluator, got `"enough"`',
  ],
  ['5', 'Expected `stopEarly` to be an object with the keys reason, subPopulation, member, evaluator, got `5`'],
  ['[]', 'Expected `stopEarly` to be an object with the keys reason, subPopulation, member, evaluator, got `[]`'],
  ['{}', 'Expected `reason` to be a text of 1 to 500 characters, got `undefined`'],
  ['{"reason": ""}', 'Expected `reason` to be a text of 1 to 500 characters, got `""`'],
  ['{"reason": 5}', 'Expected `reason` to be a text of 1 to 500 characters, got `5`'],
  [
    `{"reason": "${'x'.repeat(501)}"}`,
    `Expected \`reason\` to be a text of 1 to 500 characters, got \`"${'x'.repeat(79)}…\``,
  ],
  ['{"reason": "x", "subPopulation": 0}', 'Expected `subPopulation` to be an integer from 1 to 2, got `0`'],
  ['{"reason": "x", "subPopulation": 3}', 'Expected `subPopulation` to be an integer from 1 to 2, got `3`'],
  ['{"reason": "x", "subPopulation": 1.5}', 'Expected `subPopulation` to be an integer from 1 to 2, got `1.5`'],
  ['{"reason": "x", "subPopulation": "P1"}', 'Expected `subPopulation` to be an integer from 1 to 2, got `"P1"`'],
  [
    '{"reason": "x", "member": 0}',
    'Expected `subPopulation` to be the number of the sub-population of that member or evaluator, got `undefined`',
  ],
  ['{"reason": "x", "subPopulation": 1, "member": 4}', 'Expected `member` to be an integer from 0 to 3, got `4`'],
  ['{"reason": "x", "subPopulation": 1, "member": -1}', 'Expected `member` to be an integer from 0 to 3, got `-1`'],
  [
    '{"reason": "x", "subPopulation": 1, "evaluator": 0}',
    'Expected `evaluator` to be absent: the sub-population has none, got `0`',
  ],
  ['{"reason": "x", "subPopulation": 2, "evaluator": 3}', 'Expected `evaluator` to be an integer from 0 to 2, got `3`'],
  [
    '{"reason": "x", "subPopulation": 2, "member": 0, "evaluator": 0}',
    'Expected `evaluator` to be absent beside `member`, got `0`',
  ],
  [
    '{"reason": "x", "now": true}',
    'Expected `now` to be absent (known keys: reason, subPopulation, member, evaluator), got `true`',
  ],
];

/** Malformed updates, with what their sender is told. */
const BAD_UPDATES: readonly (readonly [name: string, input: string | undefined, why: string])[] = [
  ['pause', undefined, 'Expected `pause` to be an object with the keys reason, got `undefined`'],
  ['pause', '"lunch"', 'Expected `pause` to be an object with the keys reason, got `"lunch"`'],
  ['pause', '{"reason": " "}', 'Expected `reason` to be a text of 1 to 500 characters, got `" "`'],
  ['pause', '{"reason": "x", "minutes": 5}', 'Expected `minutes` to be absent (known keys: reason), got `5`'],
  ['resume', undefined, 'Cannot resume: nothing is paused and nobody holds'],
  ['extend', undefined, 'Expected `extend` to be an object with the keys steps, got `undefined`'],
  [
    'extend',
    '{"steps": "many"}',
    'Expected `steps` to be a multiple of stepsPerRound (20) above the present 160, got `"many"`',
  ],
  [
    'extend',
    '{"steps": 170}',
    'Expected `steps` to be a multiple of stepsPerRound (20) above the present 160, got `170`',
  ],
  [
    'extend',
    '{"steps": 160}',
    'Expected `steps` to be a multiple of stepsPerRound (20) above the present 160, got `160`',
  ],
  [
    'extend',
    '{"steps": -20}',
    'Expected `steps` to be a multiple of stepsPerRound (20) above the present 160, got `-20`',
  ],
  [
    'extend',
    '{"steps": 1e12}',
    'Expected `steps` to be at most 20000 (1000 rounds, as many as its histories and curves allow), ' +
      'got `1000000000000`',
  ],
  [
    'setHyperparameters',
    '[1]',
    'Expected `setHyperparameters` to be an object with the keys subPopulation, member, hyperparameters, reason, ' +
      'got `[1]`',
  ],
  [
    'setHyperparameters',
    '{"subPopulation": 1, "member": 9, "hyperparameters": {"h": 0.5}, "reason": "x"}',
    'Expected `member` to be an integer from 0 to 3, got `9`',
  ],
  [
    'setHyperparameters',
    '{"subPopulation": 1, "member": 0, "hyperparameters": {}, "reason": "x"}',
    'Expected `hyperparameters` to be an object with at least one hyperparameter that the run searches: h, got `{}`',
  ],
  [
    'setHyperparameters',
    '{"subPopulation": 1, "member": 0, "hyperparameters": {"learningRate": 0.5}, "reason": "x"}',
    'Expected `hyperparameters.learningRate` to be absent (the run searches h), got `0.5`',
  ],
  [
    'setHyperparameters',
    '{"subPopulation": 1, "member": 0, "hyperparameters": {"h": 5}, "reason": "x"}',
    'Expected `hyperparameters.h` to be a number from 0.0001 to 1.1, got `5`',
  ],
  [
    'setHyperparameters',
    '{"subPopulation": 1, "member": 0, "hyperparameters": {"h": "high"}, "reason": "x"}',
    'Expected `hyperparameters.h` to be a number from 0.0001 to 1.1, got `"high"`',
  ],
  [
    'setHyperparameters',
    '{"subPopulation": 1, "member": 0, "hyperparameters": {"h": 0.5}}',
    'Expected `reason` to be a text of 1 to 500 characters, got `undefined`',
  ],
];

describe('a run that is operated with the Temporal CLI', { timeout: 300_000 }, () => {
  let runs: StoredRuns;
  before(async () => {
    runs = await startStoredRuns();
  });
  after(() => runs.stop());

  async function signal(workflowId: string, input: string | undefined, name = 'stopEarly'): Promise<CommandOutcome> {
    return runs.temporal(
      'workflow',
      'signal',
      '--workflow-id',
      workflowId,
      '--name',
      name,
      ...(input === undefined ? [] : ['--input', input]),
    );
  }

  async function update(workflowId: string, name: string, input?: string): Promise<CommandOutcome> {
    return runs.temporal(
      'workflow',
      'update',
      'execute',
      '--workflow-id',
      workflowId,
      '--name',
      name,
      ...(input === undefined ? [] : ['--input', input]),
    );
  }

  async function accepted(workflowId: string, name: string, input: string | undefined, answer: RegExp): Promise<void> {
    const { code, stdout, stderr } = await update(workflowId, name, input);
    assert.equal(code, 0, stderr);
    assert.match(stdout, answer);
  }

  async function refused(workflowId: string, name: string, input: string | undefined, why: string): Promise<void> {
    const { code, stderr } = await update(workflowId, name, input);
    assert.notEqual(code, 0, `${name} ${input}`);
    assert.ok(stderr.includes(why), `${name} ${input}: expected «${why}» in ${stderr}`);
  }

  /** A query's answer, as the CLI prints it. */
  async function ask<Answer>(workflowId: string, type: string, input?: string): Promise<Answer> {
    const { code, stdout, stderr } = await runs.temporal(
      'workflow',
      'query',
      '--workflow-id',
      workflowId,
      '--type',
      type,
      '--output',
      'json',
      ...(input === undefined ? [] : ['--input', input]),
    );
    assert.equal(code, 0, stderr);
    return (JSON.parse(stdout) as { readonly queryResult: readonly Answer[] }).queryResult[0]!;
  }

  async function result(workflowId: string): Promise<ResultSummary> {
    return (await runs.client.workflow.getHandle(workflowId).result()) as ResultSummary;
  }

  it('ignores malformed messages, and says what is wrong with each', async () => {
    const workflowId = 'harassed';
    const undisturbed = await runs.result('undisturbed');
    await runs.start(workflowId);
    await runs.reached(workflowId, ({ round }) => round >= 1);
    // So that it is still there when the last of them comes.
    await accepted(
      workflowId,
      'pause',
      '{"reason": "harassment"}',
      /Paused: no round begins after the one that is being trained/,
    );
    for (const [input, why] of BAD_SIGNALS) {
      assert.equal((await signal(workflowId, input)).code, 0);
      await runs.reached(workflowId, ({ ignored }) => ignored[0] === `stopEarly: ${why}`);
    }
    for (const name of ['stop', 'pause']) {
      assert.equal((await signal(workflowId, '{"reason": "x"}', name)).code, 0);
      await runs.reached(
        workflowId,
        ({ ignored }) =>
          ignored[0] === `${name}: a run knows stopEarly; pause, resume, extend and setHyperparameters are updates`,
      );
    }
    for (const part of ['P1', 'P2']) {
      assert.equal((await signal(`${workflowId}/${part}`, '{"reason": "x"}')).code, 0);
      await runs.reached(
        workflowId,
        ({ ignored }) => ignored[0] === `stopEarly to ${part}: send messages to the root of the run, not to its parts`,
      );
    }
    for (const internal of [
      'steer',
      'command',
      'roundCompleted',
      'hold',
      'ignored',
      'instruct',
      'finish',
      'promotions',
      'neighbourNews',
      'evaluatorReport',
    ]) {
      for (const part of ['', '/P1', '/P2', '/P2/evaluator-0'])
        for (const input of ['"x"', '{"round": 3}'])
          assert.equal((await signal(`${workflowId}${part}`, input, internal)).code, 0);
    }
    await refused(workflowId, 'pause', '{"reason": "again"}', 'Cannot pause: paused already (harassment)');
    let train = (): void => undefined;
    const answered = new Promise<void>((resolve) => (train = resolve));
    runs.script.beforeTraining = () => answered;
    await accepted(workflowId, 'resume', undefined, /Resumed: the next round begins/);
    for (const [name, input, why] of BAD_UPDATES) await refused(workflowId, name, input, why);
    await refused(workflowId, 'stopEarly', '{"reason": "x"}', 'stopEarly');
    assert.equal((await signal(workflowId, '{"reason": NaN}')).code, 1, 'the CLI refuses what is no JSON');
    delete runs.script.beforeTraining;
    train();

    const harassed = await result(workflowId);
    assert.deepEqual(
      [harassed.decisionsSha256, harassed.winner.checkpoint.sha256],
      [undisturbed.decisionsSha256, undisturbed.winner.checkpoint.sha256],
    );
    const late = await signal(workflowId, '{"reason": "too late"}');
    assert.equal(late.code, 1);
    assert.match(late.stderr, /workflow execution already completed/);
    await refused(workflowId, 'pause', '{"reason": "too late"}', 'workflow execution already completed');
  });

  it('applies each message and records it', async () => {
    const workflowId = 'steered';
    await runs.start(workflowId, { ...SMALL, steps: 400 });
    await runs.reached(workflowId, ({ round }) => round >= 2);
    await accepted(workflowId, 'pause', '{"reason": "lunch"}', /Paused/);
    assert.deepEqual((await ask<RunProgress>(workflowId, 'progress')).notice, 'Paused: lunch');
    for (const part of ['P1', 'P2'])
      await eventually(async () => {
        const shown = ['workflow', 'metadata', '--workflow-id', `${workflowId}/${part}`, '--output', 'json'];
        const { stdout } = await runs.temporal(...shown);
        return stdout.includes('**Paused** — lunch');
      });
    await accepted(
      workflowId,
      'setHyperparameters',
      '{"subPopulation": 1, "member": 0, "hyperparameters": {"h": 0.5}, "reason": "try it"}',
      /P1\/member-0 trains with \{.*0\.5.*\} from its next round on/,
    );
    await signal(workflowId, '{"subPopulation": 2, "evaluator": 0, "reason": "looks pointless"}');
    await signal(workflowId, '{"subPopulation": 1, "member": 3, "reason": "looks hopeless"}');
    await signal(workflowId, '{"subPopulation": 1, "member": 3, "reason": "looks hopeless still"}');
    await runs.reached(workflowId, ({ ignored }) => ignored[0] === 'stopEarly: P1/member-3 was stopped already');
    await refused(
      workflowId,
      'setHyperparameters',
      '{"subPopulation": 1, "member": 3, "hyperparameters": {"h": 0.5}, "reason": "x"}',
      'Cannot set hyperparameters: P1/member-3 was stopped and trains no more',
    );
    await accepted(workflowId, 'resume', undefined, /Resumed/);
    await accepted(workflowId, 'extend', '{"steps": 420}', /Extended: the run ends after 420 steps, round 21/);
    await refused(workflowId, 'extend', '{"steps": 420}', 'above the present 420');
    const { round } = await runs.reached(workflowId, (progress) => progress.round >= 6);

    const members = await ask<readonly MemberView[]>(`${workflowId}/P1`, 'members');
    assert.deepEqual(
      members.map((one) => one.stopped),
      [false, false, false, true],
    );
    const leaders = await ask<readonly Leader[]>(workflowId, 'leaderboard');
    assert.deepEqual([...new Set(leaders.map(({ member }) => member.slice(0, 2)))], ['P1', 'P2']);
    assert.equal((await ask<readonly EvaluatorView[]>(`${workflowId}/P2`, 'evaluators')).length, 3);
    assert.equal(
      (await ask<{ readonly member: string }>(`${workflowId}/P1`, 'lineage')).member.slice(0, 9),
      'P1/member',
    );
    const { schedule } = await ask<{ readonly schedule: readonly HistorySegment[] }>(
      `${workflowId}/P1`,
      'schedule',
      '3',
    );
    assert.ok(schedule.at(-1)!.toStep < round * 20, 'a stopped member trains no more');
    assert.notEqual(
      (
        await runs.temporal(
          'workflow',
          'query',
          '--workflow-id',
          `${workflowId}/P1`,
          '--type',
          'schedule',
          '--input',
          '9',
        )
      ).code,
      0,
    );

    await signal(workflowId, '{"subPopulation": 2, "reason": "P1 alone from here"}');
    await runs.reached(workflowId, (progress) => progress.round >= round + 2);
    await signal(workflowId, '{"reason": "good enough"}');
    const { stoppedEarly, storage, rounds } = await result(workflowId);
    assert.equal(stoppedEarly?.reason, 'good enough');
    assert.ok(rounds < 21, `${rounds} rounds`);

    const recorded: string[] = [];
    for (const level of [1, 2]) {
      for (let one = 1; one <= rounds; one += 1) {
        const { events } = JSON.parse(
          Buffer.from(await runs.objects.get(storage.bucket, decisionsKey(storage, one, level))).toString(),
        ) as RoundRecord;
        for (const event of events)
          if (event.kind === 'commanded') recorded.push(`P${level} ${event.command.kind}: ${event.command.reason}`);
      }
    }
    assert.deepEqual(recorded.sort(), [
      'P1 set-hyperparameters: try it',
      'P1 stop-members: looks hopeless',
      'P2 stop-evaluation: looks pointless',
      'P2 stop-members: P1 alone from here',
    ]);
    const final = await ask<{ readonly schedule: readonly HistorySegment[] }>(`${workflowId}/P1`, 'schedule', '3');
    assert.ok(final.schedule.length > 0);
  });

  it('holds if its report fails permanently, and reaches the same result after repair and resume', async () => {
    const undisturbed = await runs.result('reported');
    const workflowId = 'report-held';
    let tries = 0;
    runs.script.beforeReport = () => {
      tries += 1;
      throw ApplicationFailure.nonRetryable('Cannot read the data set: it is not there', 'DataSetUnusable');
    };
    await runs.start(workflowId);
    const { status, holds, round } = await runs.reached(workflowId, (progress) => progress.holds.length > 0);
    assert.deepEqual([status, round], ['holding', 8]);
    assert.match(
      holds.join(),
      /^report on P1\/member-[0-3] after round 8: Cannot read the data set: it is not there \(DataSetUnusable\)$/,
    );
    const { stdout } = await runs.temporal('workflow', 'metadata', '--workflow-id', workflowId, '--output', 'json');
    assert.match(stdout, /\*\*Holds\*\* — report on P1/);
    await refused(workflowId, 'pause', '{"reason": "x"}', 'Cannot follow: the run has trained its last round');
    await refused(workflowId, 'extend', '{"steps": 400}', 'Cannot follow: the run has trained its last round');

    await accepted(workflowId, 'resume', undefined, /Resumed: what failed is tried again/);
    await eventually(() => tries >= 2);
    await runs.reached(workflowId, (progress) => progress.status === 'holding');
    delete runs.script.beforeReport;
    await runs.reached(workflowId, (progress) => progress.holds.length > 0);
    await accepted(workflowId, 'resume', undefined, /Resumed: what failed is tried again/);
    const held = await result(workflowId);
    assert.deepEqual(
      [held.decisionsSha256, held.testScore, held.files.length],
      [undisturbed.decisionsSha256, undisturbed.testScore, undisturbed.files.length],
    );
    await runs.reached(workflowId, (progress) => progress.status === 'finished' && progress.holds.length === 0);
  });

  it('can be cancelled while it holds for its report', async () => {
    const workflowId = 'report-cancelled';
    runs.script.beforeReport = () => {
      throw ApplicationFailure.nonRetryable('boom', 'TaskFailed');
    };
    await runs.start(workflowId);
    await runs.reached(workflowId, ({ status }) => status === 'holding');
    assert.equal((await runs.temporal('workflow', 'cancel', '--workflow-id', workflowId)).code, 0);
    await assert.rejects(
      result(workflowId),
      (error) => error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure,
    );
    assert.equal(await runs.publishedStatus(workflowId), 'cancelled');
    delete runs.script.beforeReport;
  });

  it('explains its messages and itself to `temporal workflow metadata` and `list`', async () => {
    const { stdout } = await runs.temporal('workflow', 'metadata', '--workflow-id', 'steered', '--output', 'json');
    for (const name of [
      'stopEarly',
      'pause',
      'resume',
      'extend',
      'setHyperparameters',
      'progress',
      'leaderboard',
    ] as const)
      assert.ok(stdout.includes(JSON.stringify(MESSAGE_DESCRIPTIONS[name]).slice(1, -1)), name);
    assert.match(stdout, /leaderboard \| newest score/);
    const query = [
      "FirePbtStatus = 'finished' AND FirePbtTask = 'toy/deceptive' AND FirePbtAlgorithm = 'fire-pbt'",
      'FirePbtSeed = 0 AND FirePbtRound = 8 AND FirePbtBestScore > 0.1 AND FirePbtTestScore > 0.1',
    ].join(' AND ');
    // Visibility is a moment behind.
    await eventually(async () => {
      const { stdout: listed } = await runs.temporal('workflow', 'list', '--query', query, '--output', 'json');
      const found = JSON.parse(listed) as readonly { readonly execution: { readonly workflowId: string } }[];
      return found.some(({ execution }) => execution.workflowId === 'undisturbed');
    });
  });
});
