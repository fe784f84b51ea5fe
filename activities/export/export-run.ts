/**
 * The files of a run for other programs: tables, and TensorBoard's event files.
 */
import type { RunStory } from '../runs/story.ts';
import { encodeEventFile, type Scalar } from './event-file.ts';
import { csvOf, jsonLinesOf, tablesOf, workersOf, type Worker } from './tables.ts';

/** A file; its name is relative to the folder of the export. */
export interface ExportFile {
  readonly name: string;
  readonly content: string | Uint8Array;
}

/** TensorBoard takes files for event files if their names contain `tfevents`. */
const EVENT_FILE = 'events.out.tfevents.0000000000.fire-pbt';

/**
 * Returns the files: each table as CSV and as JSON Lines, and `tensorboard/<worker>/` with an event file for each
 * worker that has trained. Equal stories give equal bytes.
 */
export function exportRun(story: RunStory): readonly ExportFile[] {
  return [
    ...tablesOf(story).flatMap((table) => [
      { name: `${table.name}.csv`, content: csvOf(table) },
      { name: `${table.name}.jsonl`, content: jsonLinesOf(table) },
    ]),
    ...workersOf(story)
      .filter(({ curve }) => curve.length > 0)
      .map((worker) => ({
        name: `tensorboard/${worker.worker}/${EVENT_FILE}`,
        content: encodeEventFile(scalarsOf(worker)),
      })),
  ];
}

/** Returns the scores, and each hyperparameter that is a number where it changes, in order of their steps. */
function scalarsOf({ curve, hyperparameters }: Worker): readonly Scalar[] {
  const scores = curve.map(([step, score]) => ({
    tag: 'score',
    step,
    value: typeof score === 'number' ? score : Number.NaN,
  }));
  const changes = hyperparameters.flatMap(({ fromStep, hyperparameters: values }) =>
    Object.entries(values).flatMap(([name, value]) =>
      typeof value === 'number' ? [{ tag: `hyperparameters/${name}`, step: fromStep, value }] : [],
    ),
  );
  return [...changes, ...scores].sort((a, b) => a.step - b.step);
}
