/**
 * `npm run results`: makes the results page from the stored tables, checks that it is up to date, or fetches a table.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ObjectStoreError } from '../../activities/storage/store-errors.ts';
import type { ObjectStore } from '../../activities/storage/object-store.ts';
import { comparisonTableKey, DEFAULT_BUCKET, folderName } from '../../activities/storage/layout.ts';
import { readOptions } from '../processes/command-line.ts';
import { makeDirectory } from '../processes/directories.ts';
import { OBJECT_OPTIONS, withObjects } from '../processes/object-access.ts';
import { UserError, reasonOf, runProcess } from '../processes/user-error.ts';
import { makePage } from '../results/page.ts';
import { parseTable, TABLE_NAME } from '../results/stored-table.ts';
import { ROOT } from '../processes/places.mjs';
import { TOOL_HELP } from './tool-help.mjs';
import { formatCount, shortBytes } from '../../workflows/population/figures.ts';

await runProcess(async () => {
  const options = readOptions(
    {
      check: { type: 'boolean', default: false },
      fetch: { type: 'string' },
      name: { type: 'string' },
      docs: { type: 'string' },
      ...OBJECT_OPTIONS,
    },
    TOOL_HELP.results,
  );
  const { check, fetch: workflowId, name, bucket = DEFAULT_BUCKET, directory } = options;
  const docs = options.docs === undefined ? join(ROOT, 'docs') : resolve(options.docs);
  if (workflowId === undefined) {
    if ((name ?? options.bucket ?? directory) !== undefined)
      throw new UserError(
        'Expected `--name`, `--bucket` and `--directory` with `--fetch` only. --help lists the options.',
      );
    return make(docs, check);
  }
  if (check) throw new UserError('Expected either `--check` or `--fetch`. --help lists the options.');
  const table = name ?? workflowId.replaceAll('/', '-');
  if (!TABLE_NAME.test(table))
    throw new UserError(`Expected \`--name\` to be letters, digits, dots, dashes and underscores, got \`${table}\``);
  return withObjects(directory, async (objects) =>
    fetchTable(objects, bucket, workflowId, join(docs, 'results'), table),
  );
});

/** Writes the page and its plots, or only compares them if `check` is set. Returns the exit code. */
async function make(docs: string, check: boolean): Promise<number> {
  const { files, unused } = await makePage(docs);
  const stale = [...files]
    .filter(([file, text]) => !existsSync(join(docs, file)) || readFileSync(join(docs, file), 'utf8') !== text)
    .map(([file]) => file);
  const leftOver = readdirSync(join(docs, 'results'))
    .map((file) => `results/${file}`)
    .filter((file) => file.endsWith('.svg') && !files.has(file));
  for (const name of unused) console.log(`Not on the page: ${join(docs, 'results', `${name}.json`)}`);
  if (check) {
    for (const file of [...stale, ...leftOver]) console.error(`Out of date: ${join(docs, file)}`);
    if (stale.length + leftOver.length > 0)
      throw new UserError('The results page is out of date: update it with `npm run results`');
    console.log(`Up to date: ${formatCount(files.size, 'file')} of ${docs}`);
    return 0;
  }
  for (const file of leftOver) rmSync(join(docs, file));
  for (const [file, text] of files) if (stale.includes(file)) writeFileSync(join(docs, file), text);
  console.log(
    `Made ${join(docs, 'results.md')} with ` +
      `${formatCount([...files.keys()].filter((file) => file.endsWith('.svg')).length, 'plot')}: ` +
      (stale.length + leftOver.length === 0
        ? 'nothing changed'
        : `${formatCount(stale.length, 'file')} written, ${leftOver.length} removed`),
  );
  return 0;
}

/** Copies the table of a comparison from the bucket. Returns the exit code. */
async function fetchTable(
  objects: ObjectStore,
  bucket: string,
  workflowId: string,
  folder: string,
  name: string,
): Promise<number> {
  const key = comparisonTableKey({ bucket, folder: folderName(workflowId) });
  const bytes = await objects.get(bucket, key).catch((error: unknown) => {
    if (
      !(error instanceof ObjectStoreError) ||
      (error.trouble !== 'missing-object' && error.trouble !== 'missing-bucket')
    )
      throw error;
    throw new UserError(
      `Cannot fetch the table of ${workflowId}: s3://${bucket}/${key} does not exist; a comparison writes it when ` +
        `its first run is done`,
      { cause: error },
    );
  });
  const { runs, arms, missing } = parseTable(name, new TextDecoder().decode(bytes), `s3://${bucket}/${key}`);
  const file = join(folder, `${name}.json`);
  try {
    makeDirectory(resolve(folder), 'tables');
    writeFileSync(file, bytes);
  } catch (error) {
    throw new UserError(`Cannot write ${file}: ${reasonOf(error)}`, { cause: error });
  }
  if (missing > 0) console.log(`The comparison is incomplete: ${formatCount(missing, 'run')} missing`);
  console.log(
    `Fetched ${formatCount(runs.length, 'run')} of ${formatCount(arms.length, 'arm')} to ${file}, ` +
      `${shortBytes(bytes.length)}. Next: npm run results`,
  );
  return 0;
}
