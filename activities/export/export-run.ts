/**
 * The files of a run for other programs: tables, and TensorBoard's event files.
 */
import type { RunStory } from '../runs/story.ts';
import { encodeEventFile, encodeSessionFile } from './event-file.ts';
import { scalarsOf } from './scalars.ts';
import { csvOf, jsonLinesOf, tablesOf, workersOf } from './tables.ts';

/** A file; its name is relative to the folder of the export. */
export interface ExportFile {
  readonly name: string;
  readonly content: string | Uint8Array;
}

/**
 * TensorBoard takes files for event files if their names contain `tfevents`. It reads those of a folder in the order of
 * their names, and goes on with the last one as it grows.
 */
const SESSION_FILE = 'events.out.tfevents.0000000000.fire-pbt';
const EVENT_FILE = 'events.out.tfevents.0000000001.fire-pbt';

/**
 * Returns the files: each table as CSV and as JSON Lines, and `tensorboard/<worker>/` with two event files for each
 * worker that has trained, one for its row in the table of hyperparameters, and one for its scalars. Equal stories give
 * equal bytes, and the scalars of a longer story begin with those of a shorter one.
 */
export function exportRun(story: RunStory): readonly ExportFile[] {
  return [
    ...tablesOf(story).flatMap((table) => [
      { name: `${table.name}.csv`, content: csvOf(table) },
      { name: `${table.name}.jsonl`, content: jsonLinesOf(table) },
    ]),
    ...workersOf(story)
      .filter(({ curve }) => curve.length > 0)
      .flatMap((worker) => [
        {
          name: `tensorboard/${worker.worker}/${SESSION_FILE}`,
          content: encodeSessionFile({
            name: worker.worker,
            hyperparameters: worker.hyperparameters.at(-1)?.hyperparameters ?? {},
          }),
        },
        { name: `tensorboard/${worker.worker}/${EVENT_FILE}`, content: encodeEventFile(scalarsOf(worker)) },
      ]),
  ];
}
