/**
 * `npm run report`: makes the report of a run or of a comparison from what is in the bucket.
 */
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { composeComparisonReport, composeRunReport, NoReport, REPORT_TYPE } from '../../activities/report/composing.ts';
import { RoundRecords } from '../../activities/runs/rounds.ts';
import { comparisonReportKey, DEFAULT_BUCKET, folderName, runReportKey } from '../../activities/storage/layout.ts';
import type { ObjectStore } from '../../activities/storage/object-store.ts';
import { shortBytes } from '../../workflows/population/figures.ts';
import { readOptions } from '../processes/command-line.ts';
import { findRun } from '../processes/find-run.ts';
import { OBJECT_OPTIONS, withObjects } from '../processes/object-access.ts';
import { UserError, runProcess, untilWritten } from '../processes/user-error.ts';
import { HELP } from './help.mjs';

await runProcess(async () => {
  const options = readOptions(
    { run: { type: 'string' }, comparison: { type: 'string' }, output: { type: 'string' }, ...OBJECT_OPTIONS },
    HELP.report,
  );
  const { run, comparison, bucket = DEFAULT_BUCKET, output } = options;
  if ((run === undefined) === (comparison === undefined))
    throw new UserError('Expected either `--run` or `--comparison`. --help lists the options.');
  return withObjects(options.directory, async (objects, folder) => {
    const { key, text } = await compose(objects, bucket, run, comparison).catch((error: unknown) => {
      throw error instanceof NoReport ? new UserError(error.message, { cause: error }) : error;
    });
    const place =
      output === undefined ? await store(objects, bucket, key, text, folder) : await save(resolve(output), text);
    console.log(`Wrote ${shortBytes(Buffer.byteLength(text))} to ${place}`);
    return 0;
  });
});

async function compose(
  objects: ObjectStore,
  bucket: string,
  run: string | undefined,
  comparison: string | undefined,
): Promise<{ readonly key: string; readonly text: string }> {
  const records = new RoundRecords(objects);
  if (run === undefined) {
    const location = { bucket, folder: folderName(comparison ?? '') };
    return { key: comparisonReportKey(location), text: await composeComparisonReport(records, location) };
  }
  const storage = await findRun(objects, bucket, run);
  return { key: runReportKey(storage), text: await composeRunReport(records, storage) };
}

async function store(
  objects: ObjectStore,
  bucket: string,
  key: string,
  text: string,
  folder: string | null,
): Promise<string> {
  await objects.put(bucket, key, text, REPORT_TYPE);
  return folder === null ? `s3://${bucket}/${key}` : pathToFileURL(join(folder, bucket, key)).href;
}

async function save(file: string, text: string): Promise<string> {
  await untilWritten(file, writeFile(file, text));
  return pathToFileURL(file).href;
}
