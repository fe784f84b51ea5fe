/**
 * `npm run export`: writes a run's scores, hyperparameters and evaluations as tables and as TensorBoard's event files,
 * and posts them to an MLflow server; once, or round by round while the run trains.
 */
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { exportRun } from '../../activities/export/export-run.ts';
import { MlflowError, MlflowExport, type MlflowServer } from '../../activities/export/mlflow.ts';
import type { RunFolder } from '../../activities/contracts/checkpoint.ts';
import { NoRun, readRun } from '../../activities/runs/read-run.ts';
import { completeRounds, RoundRecords } from '../../activities/runs/rounds.ts';
import type { RunStory } from '../../activities/runs/story.ts';
import { DEFAULT_BUCKET, resultKey } from '../../activities/storage/layout.ts';
import { ObjectStoreError } from '../../activities/storage/store-errors.ts';
import { formatCount } from '../../workflows/population/figures.ts';
import { readOptions } from '../processes/command-line.ts';
import { findRun } from '../processes/find-run.ts';
import { INTERRUPTED_EXIT_CODE, listenForInterruption } from '../processes/interruption.ts';
import { OBJECT_OPTIONS, withObjects } from '../processes/object-access.ts';
import { UserError, runProcess, untilWritten } from '../processes/user-error.ts';
import { HELP } from './help.mjs';

const OPTIONS = {
  run: { type: 'string' },
  output: { type: 'string' },
  mlflow: { type: 'boolean', default: false },
  follow: { type: 'boolean', default: false },
  ...OBJECT_OPTIONS,
} as const;

/** How often a run that is followed is looked at. */
const LOOK_EVERY_MS = 3_000;

await runProcess(async () => {
  const { run, output, mlflow, follow, bucket = DEFAULT_BUCKET, directory } = readOptions(OPTIONS, HELP.export);
  if (run === undefined || (output === undefined && !mlflow))
    throw new UserError('Expected `--run`, and `--output` or `--mlflow`. --help lists the options.');
  const targets = {
    directory: output === undefined ? undefined : resolve(output),
    mlflow: mlflow ? new MlflowExport(mlflowServer(process.env)) : undefined,
  };
  return withObjects(directory, async (objects) => {
    const records = new RoundRecords(objects);
    const storage = await findRun(objects, bucket, run);
    return follow ? followRun(records, storage, targets) : exportOnce(records, storage, targets);
  }).catch((error: unknown) => {
    throw isTold(error) ? new UserError(error.message, { cause: error }) : error;
  });
});

/** Where a run is exported to. */
interface Targets {
  readonly directory: string | undefined;
  readonly mlflow: MlflowExport | undefined;
}

async function exportOnce(records: RoundRecords, storage: RunFolder, targets: Targets): Promise<number> {
  await exportStory(await readRun(records, storage), targets);
  return 0;
}

/** Exports each further round, until the run has a result. Goes on if the store or MLflow fail for a while. */
async function followRun(records: RoundRecords, storage: RunFolder, targets: Targets): Promise<number> {
  const interruption = listenForInterruption();
  let isInterrupted = false;
  void interruption.first.then(() => (isInterrupted = true));
  let story = await readRun(records, storage);
  let isDue = true;
  let trouble = '';
  while (!isInterrupted) {
    try {
      if (isDue || (await hasMore(records, story))) {
        isDue = true;
        story = await readRun(records, storage);
        await exportStory(story, targets);
        isDue = false;
        trouble = '';
      }
      if (story.result !== null) return 0;
    } catch (error) {
      if (!(error instanceof ObjectStoreError || error instanceof MlflowError)) throw error;
      if (error.message !== trouble) console.error(`${error.message}. Tries again.`);
      trouble = error.message;
    }
    await Promise.race([delay(LOOK_EVERY_MS), interruption.first]);
  }
  return INTERRUPTED_EXIT_CODE;
}

async function hasMore(records: RoundRecords, { storage, rounds, subPopulations }: RunStory): Promise<boolean> {
  const [newest = 0] = completeRounds(await records.decided(storage), subPopulations.length);
  return newest > rounds || (await records.readJson(storage.bucket, resultKey(storage))) !== undefined;
}

async function exportStory(story: RunStory, { directory, mlflow }: Targets): Promise<void> {
  for (const { key, reason } of story.lost) console.error(`Lost: ${key}: ${reason}`);
  const rounds = formatCount(story.rounds, 'round');
  if (directory !== undefined) {
    const files = exportRun(story);
    for (const { name, content } of files) await save(join(directory, name), content);
    console.log(`Wrote ${formatCount(files.length, 'file')} of ${rounds} to ${directory}`);
  }
  if (mlflow) console.log(`Posted ${rounds} to ${await mlflow.post(story)}`);
}

/** Writes a file. One that the content begins with is continued, as programs that watch it expect. */
async function save(file: string, content: string | Uint8Array): Promise<void> {
  const bytes = Buffer.from(content);
  const before = await readFile(file).catch(() => undefined);
  const isBeginning = before !== undefined && bytes.subarray(0, before.length).equals(before);
  await untilWritten(
    file,
    isBeginning
      ? appendFile(file, bytes.subarray(before.length))
      : mkdir(dirname(file), { recursive: true }).then(() => writeFile(file, bytes)),
  );
}

/** Returns the server that MLflow's own variables name. */
function mlflowServer(environment: NodeJS.ProcessEnv): MlflowServer {
  const uri = environment['MLFLOW_TRACKING_URI'] ?? '';
  if (!/^https?:\/\/./.test(uri))
    throw new UserError(
      `Expected MLFLOW_TRACKING_URI to be the address of an MLflow server, such as http://127.0.0.1:5000, got ${
        uri === '' ? 'nothing' : `\`${uri}\``
      }`,
    );
  return {
    uri: uri.replace(/\/+$/, ''),
    token: environment['MLFLOW_TRACKING_TOKEN'],
    username: environment['MLFLOW_TRACKING_USERNAME'],
    password: environment['MLFLOW_TRACKING_PASSWORD'],
  };
}

function isTold(error: unknown): error is Error {
  return error instanceof NoRun || error instanceof MlflowError;
}
