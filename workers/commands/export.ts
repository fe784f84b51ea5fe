/**
 * `npm run export`: writes a run's scores, hyperparameters and evaluations as tables and as TensorBoard's event files.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { exportRun } from '../../activities/export/export-run.ts';
import { NoRun, readRun } from '../../activities/runs/read-run.ts';
import { RoundRecords } from '../../activities/runs/rounds.ts';
import { DEFAULT_BUCKET } from '../../activities/storage/layout.ts';
import { formatCount } from '../../workflows/population/figures.ts';
import { readOptions } from '../processes/command-line.ts';
import { findRun } from '../processes/find-run.ts';
import { OBJECT_OPTIONS, withObjects } from '../processes/object-access.ts';
import { UserError, runProcess, untilWritten } from '../processes/user-error.ts';
import { HELP } from './help.mjs';

await runProcess(async () => {
  const options = readOptions({ run: { type: 'string' }, output: { type: 'string' }, ...OBJECT_OPTIONS }, HELP.export);
  const { run, output, bucket = DEFAULT_BUCKET } = options;
  if (run === undefined || output === undefined)
    throw new UserError('Expected `--run` and `--output`. --help lists the options.');
  const directory = resolve(output);
  const story = await withObjects(options.directory, async (objects) =>
    readRun(new RoundRecords(objects), await findRun(objects, bucket, run)),
  ).catch((error: unknown) => {
    throw error instanceof NoRun ? new UserError(error.message, { cause: error }) : error;
  });
  for (const { key, reason } of story.lost) console.error(`Lost: ${key}: ${reason}`);
  const files = exportRun(story);
  for (const { name, content } of files) await save(join(directory, name), content);
  console.log(`Wrote ${formatCount(files.length, 'file')} of ${formatCount(story.rounds, 'round')} to ${directory}`);
  return 0;
});

async function save(file: string, content: string | Uint8Array): Promise<void> {
  const folder = mkdir(dirname(file), { recursive: true });
  await untilWritten(
    file,
    folder.then(() => writeFile(file, content)),
  );
}
