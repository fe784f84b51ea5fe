/**
 * `npm run schedule`: prints the schedule that a finished run found, for use elsewhere.
 */
import { writeFile } from 'node:fs/promises';
import { DEFAULT_BUCKET, RUN_FOLDER } from '../../activities/storage/layout.ts';
import { readableJson } from '../../activities/storage/readable-json.ts';
import { NoSchedule, readSchedule, scheduleCsv } from '../../activities/runs/schedule.ts';
import { oneOf, readOptions } from '../processes/command-line.ts';
import { OBJECT_HELP, OBJECT_OPTIONS, withObjects } from '../processes/object-access.ts';
import { UserError, reasonOf, runProcess } from '../processes/user-error.ts';
import { counted } from '../terminal/figures.ts';

const HELP = `
Prints the whole schedule of a finished run's winner: its hyperparameters from step 0 on, through every copy and
promotion.
(\`npm run --silent schedule -- …\` prints nothing else.)

  --run FOLDER           the run's folder in the bucket, <workflow id>/<first run id>, as its result tells it
  --format json|csv      json: with task and measuring, for retrace; csv: from_step, to_step and one column per
                         hyperparameter (json)
  --output FILE          writes there rather than to the terminal
${OBJECT_HELP}`;

await runProcess(async () => {
  const options = readOptions(
    { run: { type: 'string' }, format: { type: 'string' }, output: { type: 'string' }, ...OBJECT_OPTIONS },
    HELP,
  );
  const { run, bucket = DEFAULT_BUCKET, output } = options;
  const format = oneOf('format', options.format, ['json', 'csv']) ?? 'json';
  if (run === undefined || !RUN_FOLDER.test(run))
    throw new UserError(
      `Expected \`--run\` to be a run's folder, \`<workflow id>/<first run id>\`, got \`${run ?? 'nothing'}\`. ` +
        `--help lists the options.`,
    );
  const schedule = await withObjects(options.directory, async (objects) => readSchedule(objects, bucket, run)).catch(
    (error: unknown) => {
      throw error instanceof NoSchedule ? new UserError(error.message, { cause: error }) : error;
    },
  );
  const text = format === 'csv' ? scheduleCsv(schedule) : readableJson(schedule);
  if (output === undefined) {
    await new Promise<void>((written, failed) =>
      process.stdout.write(text, (error) => (error ? failed(error) : written())),
    );
    return 0;
  }
  await writeFile(output, text).catch((error: unknown) => {
    throw new UserError(`Cannot write ${output}: ${reasonOf(error)}`, { cause: error });
  });
  console.log(`Wrote ${counted(schedule.segments.length, 'segment')} to ${output}`);
  return 0;
});
