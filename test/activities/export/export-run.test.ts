/** The export of a run: from records in a real object store to files that other programs read. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import protobuf from 'protobufjs';
import { crc32c, encodeEventFile, encodeSessionFile } from '../../../activities/export/event-file.ts';
import { csvOf, tablesOf, workersOf } from '../../../activities/export/tables.ts';
import type { RunStory } from '../../../activities/runs/story.ts';
import { runCommand, startCommand, type Ended } from '../../workers/command.ts';
import { eventually } from '../../workers/eventually.ts';
import { GrowingRun, ROUNDS, STORAGE } from './growing-run.ts';

/** What the protocol buffers of TensorFlow and of the HParams plugin say, as far as it is used here. */
const EVENT = protobuf
  .parse(
    `syntax = "proto3";
     message Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; }
     message Summary { repeated Value value = 1; }
     message Value { string tag = 1; float simple_value = 2; Tensor tensor = 8; Metadata metadata = 9; }
     message Tensor { int32 dtype = 1; }
     message Metadata { Plugin plugin_data = 1; }
     message Plugin { string plugin_name = 1; HParams content = 2; }
     message HParams { Session session_start_info = 3; }
     message Session { map<string, Number> hparams = 1; string group_name = 4; }
     message Number { oneof kind { double number_value = 2; string string_value = 3; } }`,
    { keepCase: true },
  )
  .root.lookupType('Event');

describe('the export of a run', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-export-'));
  let run: GrowingRun;
  let story: RunStory;
  /** The event files of half of the run. */
  let beginnings: ReadonlyMap<string, Buffer>;
  before(async () => {
    run = await GrowingRun.start();
    await run.recordTo(ROUNDS / 2);
    const following = startCommand('export.ts', options('--output', directory, '--follow'), run.environment);
    const told = (rounds: number): string => ` files of ${rounds} rounds to ${directory}\n`;
    await eventually(() => following.output().endsWith(told(ROUNDS / 2)));
    beginnings = new Map(eventFiles().map((name) => [name, readFileSync(name)]));
    story = await run.finish();
    assert.deepEqual([await following.exitCode, following.errors()], [0, '']);
    assert.ok(following.output().endsWith(told(ROUNDS)));
  });
  after(async () => {
    await run.stop();
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

  it('has two event files of TensorBoard for each worker that trained: its hyperparameters, its scalars', () => {
    const trained = workersOf(story).filter(({ curve }) => curve.length > 0);
    assert.equal(eventFiles().length, 2 * trained.length);
    for (const { worker, curve, hyperparameters } of trained) {
      const folder = `${join(directory, 'tensorboard', worker)}/`;
      const [session = '', file = ''] = eventFiles().filter((name) => name.startsWith(folder));
      const newest = hyperparameters.at(-1)?.hyperparameters;
      assert.deepEqual(sessionOf(readFileSync(session)), { name: worker, hyperparameters: newest });
      const [first, ...events] = eventsOf(readFileSync(file));
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

  it('continues the scalars of a run that it follows, as TensorBoard expects', () => {
    const grown = [...beginnings].filter(([name, beginning]) => {
      const now = readFileSync(name);
      if (name.includes('0000000001')) assert.ok(now.subarray(0, beginning.length).equals(beginning), name);
      return now.length > beginning.length;
    });
    assert.ok(grown.length > 0);
  });

  it('is the same if it is made at once', async () => {
    const again = join(directory, 'again');
    const { code, output, errors } = await command('--output', again);
    assert.deepEqual([code, errors], [0, '']);
    assert.match(output, new RegExp(`^Wrote \\d+ files of ${story.rounds} rounds to ${again}\\n$`));
    for (const name of readdirSync(again, { recursive: true, encoding: 'utf8' }).filter((one) => one.includes('.')))
      assert.ok(readFileSync(join(again, name)).equals(readFileSync(join(directory, name))), name);
    rmSync(again, { recursive: true });
  });

  it('writes a choice in the table of hyperparameters as text', () => {
    const session = { name: 'P1/member-0', hyperparameters: { activation: 'relu', h: 0.1 } };
    assert.deepEqual(sessionOf(Buffer.from(encodeSessionFile(session))), session);
  });

  it('writes checksums as the format wants them, and NaN for a score that is no number', () => {
    // The check value of CRC-32C.
    assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
    const [, event] = eventsOf(Buffer.from(encodeEventFile([{ tag: 'score', step: 2 ** 40, value: Number.NaN }])));
    assert.deepEqual(event, { step: 2 ** 40, summary: { value: [{ tag: 'score', simple_value: NaN }] } });
  });

  it('refuses what is missing or cannot be written or posted in one line', async () => {
    const address = run.environment['AWS_ENDPOINT_URL_S3'] ?? '';
    const errors = await Promise.all([
      runCommand('export.ts', ['--run', 'a-run'], run.environment),
      runCommand('export.ts', ['--run', 'none', '--bucket', 'test', '--output', directory], run.environment),
      command('--output', join(directory, 'scores.csv')),
      command('--mlflow'),
      post('mlflow'),
      post('http://127.0.0.1:1'),
      post(address),
    ]);
    const [nothing, unknown, blocked, unset, noAddress, nobody, noMlflow] = errors.map((one) => one.errors);
    assert.equal(nothing, 'Expected `--run`, and `--output` or `--mlflow`. --help lists the options.\n');
    assert.equal(unknown, 'Cannot find run none: there is no run with this workflow id in bucket test\n');
    assert.match(blocked ?? '', /^Cannot write .*scores\.csv\/.+: .+\n$/);
    const expected =
      'Expected MLFLOW_TRACKING_URI to be the address of an MLflow server, such as http://127.0.0.1:5000';
    assert.equal(unset, `${expected}, got nothing\n`);
    assert.equal(noAddress, `${expected}, got \`mlflow\`\n`);
    assert.match(nobody ?? '', /^Cannot post to MLflow at http:\/\/127\.0\.0\.1:1: .+\n$/);
    assert.match(
      noMlflow ?? '',
      /^Cannot post to MLflow at .+: experiments\/get-by-name was answered with HTTP \d+, and no MLflow API\n$/,
    );
    assert.deepEqual(
      errors.map(({ code }) => code),
      errors.map(() => 1),
    );
  });

  it('is interrupted by Ctrl-C while it follows', async () => {
    const unfinished = await GrowingRun.start();
    await unfinished.recordTo(2);
    const target = join(directory, 'interrupted');
    const following = startCommand('export.ts', options('--output', target, '--follow'), unfinished.environment);
    await eventually(() => following.output().includes('of 2 rounds'));
    following.interrupt();
    assert.equal(await following.exitCode, 130);
    await unfinished.stop();
  });

  function options(...further: readonly string[]): string[] {
    return ['--run', 'a-run', '--bucket', STORAGE.bucket, ...further];
  }

  function command(...further: readonly string[]): Promise<Ended> {
    return runCommand('export.ts', options(...further), run.environment);
  }

  function post(uri: string): Promise<Ended> {
    return runCommand('export.ts', options('--mlflow'), { ...run.environment, MLFLOW_TRACKING_URI: uri });
  }

  /** Returns the paths of all event files, in order. */
  function eventFiles(): string[] {
    return readdirSync(join(directory, 'tensorboard'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.includes('tfevents'))
      .map((name) => join(directory, 'tensorboard', name))
      .sort();
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
  readonly summary: { readonly value: readonly DecodedValue[] };
}

interface DecodedValue {
  readonly tag: string;
  readonly simple_value: number;
  readonly tensor?: object;
  readonly metadata?: {
    readonly plugin_data: {
      readonly plugin_name: string;
      readonly content: {
        readonly session_start_info: {
          readonly group_name: string;
          readonly hparams: Readonly<
            Record<string, { readonly number_value?: number; readonly string_value?: string }>
          >;
        };
      };
    };
  };
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

/** Reads a file with a row of the table of hyperparameters. */
function sessionOf(bytes: Buffer): {
  readonly name: string;
  readonly hyperparameters: Readonly<Record<string, unknown>>;
} {
  const [, event] = eventsOf(bytes);
  const [value] = event?.summary.value ?? [];
  assert.deepEqual([value?.tag, value?.metadata?.plugin_data.plugin_name], ['_hparams_/session_start_info', 'hparams']);
  assert.deepEqual(value?.tensor, { dtype: 1 });
  const { hparams = {}, group_name: name = '' } = value?.metadata?.plugin_data.content.session_start_info ?? {};
  const values = Object.entries(hparams).map(([key, one]) => [key, one.number_value ?? one.string_value] as const);
  return { name, hyperparameters: Object.fromEntries(values) };
}

function unmask(masked: number): number {
  const rotated = (masked - 0xa282ead8) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
}
