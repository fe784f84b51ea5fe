/** The story of a run, read from its records in a real object store. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { readRun, NoRun } from '../../../activities/runs/read-run.ts';
import { RoundRecords } from '../../../activities/runs/rounds.ts';
import type { EvaluationStory, RunStory } from '../../../activities/runs/story.ts';
import { decisionsKey, specificationKey } from '../../../activities/storage/layout.ts';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { readableJson } from '../../../activities/storage/readable-json.ts';
import { binomialTest, bestScoreDifference } from '../../../workflows/algorithm/index.ts';
import { smoothed } from '../../../workflows/population/smoothed-curve.ts';
import { startObjectServer } from '../../object-server.ts';
import type { ObjectServer } from '../../object-server.ts';
import { toySpecification } from '../../workflows/stand-ins.ts';
import { recordRun, saveRound } from './recorded-run.ts';
import type { RecordedRun } from './recorded-run.ts';

const SPECIFICATION = toySpecification({ steps: 400 });
const ROUNDS = 20;

describe('the story of a run', () => {
  let server: ObjectServer;
  let objects: ObjectStore;
  let records: RoundRecords;
  let run: RecordedRun;
  let story: RunStory;
  const storage = { bucket: 'test', folder: 'my-run/first' };

  before(async () => {
    server = await startObjectServer();
    objects = new ObjectStore(server.options);
    await objects.ensureBucket('test');
    records = new RoundRecords(objects);
    await objects.put('test', specificationKey(storage), readableJson(SPECIFICATION));
    run = await recordRun(SPECIFICATION, storage);
    for (const request of run.requests.flat()) await saveRound(records, request);
    story = await readRun(records, storage);
  });
  after(async () => {
    await objects.close();
    await server.stop();
  });

  it('ends in the states that the run ended in', () => {
    assert.deepEqual([story.rounds, story.plannedRounds, story.lost], [ROUNDS, ROUNDS, []]);
    for (const [level, { members }] of run.populations.entries())
      assert.deepEqual(
        story.subPopulations[level]?.members.map(({ history }) => history),
        members.map(({ history }) => history),
      );
    assert.equal(story.leader?.history[0]?.fromStep, 0);
    assert.equal(story.leader?.history.at(-1)?.toStep, 400);
  });

  it('has every measurement of every worker at its step', () => {
    const [p1] = story.subPopulations;
    for (const { curve } of p1?.members ?? [])
      assert.deepEqual(
        curve.map(([step]) => step),
        Array.from({ length: 400 }, (_, index) => index + 1),
      );
    const trained = run.requests[7]?.[0]?.events.find((event) => event.kind === 'trained');
    assert.deepEqual(
      p1?.members[3]?.curve.slice(140, 160).map(([, score]) => score),
      trained?.members[3]?.scores,
    );
  });

  it('has the curves of every judgement: they give its gap and its p again', () => {
    const judged = story.subPopulations[1]?.evaluations.filter(({ childCurve }) => childCurve !== null) ?? [];
    assert.ok(judged.length > 10 && judged.some(({ reason }) => reason === 'success'));
    for (const evaluation of judged) assert.deepEqual(judgedAgain(evaluation), judgedThen(evaluation));
  });

  it('has every promotion with the evaluation that led to it', () => {
    const promotions = story.subPopulations[0]?.promotions ?? [];
    const succeeded = story.subPopulations[1]?.evaluations.filter(({ reason }) => reason === 'success') ?? [];
    assert.ok(promotions.length > 0);
    const named = (one: { evaluator: string; parent: string }, member: string, round?: number): string =>
      `${round} ${one.evaluator} ${one.parent} ${member}`;
    assert.deepEqual(
      promotions.map((one) => named(one, one.member, one.round)).sort(),
      succeeded.map((one) => named(one, one.child, one.ended?.round)).sort(),
    );
  });

  it('ends with the newest complete round of a run that trains, and before a record that does not fit', async () => {
    const training = { bucket: 'test', folder: 'training/first' };
    const other = await recordRun(SPECIFICATION, training);
    await objects.put('test', specificationKey(training), readableJson(SPECIFICATION));
    for (const request of other.requests.slice(0, 6).flat().slice(0, -1)) await saveRound(records, request);
    const begun = await readRun(records, training);
    assert.deepEqual([begun.rounds, begun.plannedRounds, begun.result, begun.lost], [5, ROUNDS, null, []]);
    const key = decisionsKey(training, 4, 2);
    await objects.put('test', key, '{"cut');
    const cut = await readRun(records, training);
    assert.equal(cut.rounds, 3);
    assert.deepEqual(cut.lost, [{ key, reason: 'expected a record, got something else' }]);
  });

  it('cannot be read from a folder without a run', async () => {
    await assert.rejects(readRun(records, { bucket: 'test', folder: 'unheard-of/first' }), (error: unknown) => {
      assert.ok(error instanceof NoRun);
      assert.equal(error.message, 'Cannot read run unheard-of/first: specification.json: it is missing');
      return true;
    });
  });
});

function judgedThen({ judgements }: EvaluationStory): unknown {
  const { gap, p } = judgements.at(-1)?.verdict ?? {};
  return { gap, p };
}

function judgedAgain({ judgements, evaluatorCurve, childCurve }: EvaluationStory): unknown {
  const steps = judgements.at(-1)?.evaluationSteps ?? 0;
  const own = smoothed({ ...evaluatorCurve, scores: evaluatorCurve.scores.slice(0, steps) }, SPECIFICATION);
  const child = childCurve && smoothed(childCurve, SPECIFICATION);
  if (own === 'diverged' || child === null || child === 'diverged' || child.raw.length === 0)
    return { gap: null, p: null };
  return { gap: bestScoreDifference(own, child, true), p: binomialTest(own, child) };
}
