/**
 * `npm run schedule`: prints the schedule that a finished run found, for use in other programs.
 */
import { writeFile } from 'node:fs/promises';
import { DEFAULT_BUCKET, RUN_FOLDER } from '../../activities/storage/layout.ts';
import { readableJson } from '../../activities/storage/readable-json.ts';
import { NoSchedule, readSchedule, scheduleCsv } from '../../activities/runs/schedule.ts';
import { parseChoice, readOptions } from '../processes/command-line.ts';
import { OBJECT_OPTIONS, withObjects } from '../processes/object-access.ts';
import { UserError, runProcess, untilWritten } from '../processes/user-error.ts';
import { formatCount } from '../../workflows/population/figures.ts';
import { HELP } from './help.mjs';

await runProcess(async () => {
  const options = readOptions(
    { run: { type: 'string' }, format: { type: 'string' }, output: { type: 'string' }, ...OBJECT_OPTIONS },
    HELP.schedule,
  );
  const { run, bucket = DEFAULT_BUCKET, output } = options;
  const format = parseChoice('format', options.format, ['json', 'csv']) ?? 'json';
  if (run === undefined || !RUN_FOLDER.test(run))
    throw new UserError(
      `Expected \`--run\` to be the folder of a run, \`<workflow id>/<first run id>\`, got \`${run ?? 'nothing'}\`. ` +
        `--help lists the options.`,
    );
  const schedule = await withObjects(options.directory, async (objects) =>
    readSchedule(objects, { bucket, folder: run }),
  ).catch((error: unknown) => {
    throw error instanceof NoSchedule ? new UserError(error.message, { cause: error }) : error;
  });
  const text = format === 'csv' ? scheduleCsv(schedule) : readableJson(schedule);
  if (output === undefined) {
    await new Promise<void>((written, failed) =>
      process.stdout.write(text, (error) => (error ? failed(error) : written())),
    );
    return 0;
  }
  await untilWritten(output, writeFile(output, text));
  console.log(`Wrote ${formatCount(schedule.segments.length, 'segment')} to ${output}`);
  return 0;
});
