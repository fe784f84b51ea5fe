/** The export of a run: from records in a real object store to files that other programs read. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import protobuf from 'protobufjs';
import { crc32c, encodeEventFile } from '../../../activities/export/event-file.ts';
import { csvOf, tablesOf, workersOf } from '../../../activities/export/tables.ts';
import { readRun } from '../../../activities/runs/read-run.ts';
import { RoundRecords } from '../../../activities/runs/rounds.ts';
import type { RunStory } from '../../../activities/runs/story.ts';
import { runFolder, specificationKey } from '../../../activities/storage/layout.ts';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { readableJson } from '../../../activities/storage/readable-json.ts';
import { startObjectServer, type ObjectServer } from '../../object-server.ts';
import { runCommand } from '../../workers/command.ts';
import { toySpecification } from '../../workflows/stand-ins.ts';
import { recordRun, saveRound } from '../runs/recorded-run.ts';

const RUN = { bucket: 'test', folder: runFolder('a-run', 'first') };

/** What TensorFlow's event.proto and summary.proto say, as far as it is used here. */
const EVENT = protobuf
  .parse(
    `syntax = "proto3";
     message Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; }
     message Summary { repeated Value value = 1; message Value { string tag = 1; float simple_value = 2; } }`,
    { keepCase: true },
  )
  .root.lookupType('Event');

describe('the export of a run', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-export-'));
  let server: ObjectServer;
  let story: RunStory;
  before(async () => {
    server = await startObjectServer();
    const objects = new ObjectStore(server.options);
    await objects.ensureBucket('test');
    const records = new RoundRecords(objects);
    const specification = toySpecification({ steps: 400 });
    await objects.put('test', specificationKey(RUN), readableJson(specification));
    for (const request of (await recordRun(specification, RUN)).requests.flat()) await saveRound(records, request);
    story = await readRun(records, RUN);
    await objects.close();
    const { code, output, errors } = await command('--run', 'a-run', '--output', directory);
    assert.deepEqual([code, errors], [0, '']);
    assert.match(output, new RegExp(`^Wrote \\d+ files of ${story.rounds} rounds to ${directory}\\n$`));
  });
  after(async () => {
    await server.stop();
    rmSync(directory, { recursive: true });
  });

  it('has every score, change of hyperparameters and evaluation in a row, in CSV and in JSON Lines', () => {
    const workers = workersOf(story);
    const scores = workers.flatMap(({ worker, curve }) => curve.map(([step, score]) => `${worker},${step},${score}`));
    assert.ok(scores.length > 0);
    assert.deepEqual(columnsOf('scores', ['worker', 'step', 'score']), scores);
    const changes = workers.flatMap(({ worker, hyperparameters }) =>
      hyperparameters.map(({ fromStep, hyperparameters: { h } }) => `${worker},${fromStep},${h}`),
    );
    assert.deepEqual(columnsOf('hyperparameters', ['worker', 'from_step', 'h']), changes);
    const evaluations = story.subPopulations.flatMap((one) => one.evaluations);
    assert.ok(evaluations.length > 0);
    assert.deepEqual(
      columnsOf('evaluations', ['evaluator', 'parent', 'child', 'to_step', 'reason', 'p']),
      evaluations.map(({ evaluator, parent, child, ended, reason, judgements }) =>
        [evaluator, parent, child, ended?.step, reason, judgements.at(-1)?.verdict.p].join(),
      ),
    );
    for (const { name, columns, rows } of tablesOf(story)) {
      assert.deepEqual(
        read(`${name}.jsonl`)
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as unknown),
        rows,
      );
      for (const row of rows) assert.deepEqual(Object.keys(row), columns);
    }
  });

  it('quotes what CSV must quote, and tells a diverged score from none', () => {
    const rows = [
      { a: 'x,"y"', b: null },
      { a: 'diverged', b: 0 },
    ];
    assert.equal(csvOf({ name: 'scores', columns: ['a', 'b'], rows }), 'a,b\n"x,""y""",\ndiverged,0\n');
  });

  it('has an event file of TensorBoard for each worker that trained', () => {
    const trained = workersOf(story).filter(({ curve }) => curve.length > 0);
    const files = readdirSync(join(directory, 'tensorboard'), { recursive: true, encoding: 'utf8' });
    assert.equal(files.filter((name) => name.includes('tfevents')).length, trained.length);
    for (const { worker, curve, hyperparameters } of trained) {
      const file = files.find((name) => name.startsWith(`${worker}/`) && name.includes('tfevents')) ?? '';
      const [first, ...events] = eventsOf(readFileSync(join(directory, 'tensorboard', file)));
      assert.deepEqual(first, { file_version: 'brain.Event:2' });
      const scalars = (wanted: string) =>
        events.flatMap(({ step = 0, summary }) =>
          summary.value.flatMap(({ tag, simple_value }) => (tag === wanted ? [[step, simple_value]] : [])),
        );
      assert.deepEqual(
        scalars('score'),
        curve.map(([step, score]) => [step, Math.fround(Number(score))]),
      );
      assert.deepEqual(
        scalars('hyperparameters/h'),
        hyperparameters.map(({ fromStep, hyperparameters: { h } }) => [fromStep, Math.fround(Number(h))]),
      );
      const steps = events.map(({ step = 0 }) => step);
      assert.deepEqual(
        steps,
        steps.slice().sort((a, b) => a - b),
      );
    }
  });

  it('writes checksums as the format wants them, and NaN for a score that is no number', () => {
    // The check value of CRC-32C.
    assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
    const [, event] = eventsOf(Buffer.from(encodeEventFile([{ tag: 'score', step: 2 ** 40, value: Number.NaN }])));
    assert.deepEqual(event, { step: 2 ** 40, summary: { value: [{ tag: 'score', simple_value: NaN }] } });
  });

  it('refuses what is missing or cannot be written in one line', async () => {
    const [nothing, unknown, blocked] = await Promise.all([
      command('--run', 'a-run'),
      command('--run', 'none', '--output', directory),
      command('--run', 'a-run', '--output', join(directory, 'scores.csv')),
    ]);
    assert.equal(nothing.errors, 'Expected `--run` and `--output`. --help lists the options.\n');
    assert.equal(unknown.errors, 'Cannot find run none: there is no run with this workflow id in bucket test\n');
    assert.match(blocked.errors, /^Cannot write .*scores\.csv\/scores\.csv: .+\n$/);
    assert.deepEqual([nothing.code, unknown.code, blocked.code], [1, 1, 1]);
  });

  function command(...options: readonly string[]) {
    return runCommand('export.ts', [...options, '--bucket', 'test'], server.environment);
  }

  function read(name: string): string {
    return readFileSync(join(directory, name), 'utf8');
  }

  /** Returns these columns of a table, each row as text. No field of this run needs quotes. */
  function columnsOf(table: string, names: readonly string[]): string[] {
    const [head = [], ...rows] = read(`${table}.csv`)
      .trimEnd()
      .split('\n')
      .map((line) => line.split(','));
    return rows.map((row) => names.map((name) => row[head.indexOf(name)]).join());
  }
});

/** An event as the messages above have it; fields with the value 0 may be absent. */
interface DecodedEvent {
  readonly step?: number;
  readonly summary: { readonly value: readonly { readonly tag: string; readonly simple_value: number }[] };
}

/** Reads records one after the other, and checks their checksums. */
function eventsOf(bytes: Buffer): DecodedEvent[] {
  const events: DecodedEvent[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = Number(bytes.readBigUInt64LE(at));
    const data = bytes.subarray(at + 12, at + 12 + size);
    assert.equal(unmask(bytes.readUInt32LE(at + 8)), crc32c(bytes.subarray(at, at + 8)));
    assert.equal(unmask(bytes.readUInt32LE(at + 12 + size)), crc32c(data));
    events.push(EVENT.toObject(EVENT.decode(data), { longs: Number }) as DecodedEvent);
    at += 16 + size;
  }
  return events;
}

function unmask(masked: number): number {
  const rotated = (masked - 0xa282ead8) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
}
