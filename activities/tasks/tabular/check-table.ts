/**
 * What is found in the files of a table before a run is planned. Their rows are read later.
 */
import type { TaskComplaint } from '../../contracts/task.ts';
import { complaintOf } from '../datasets/complaint.ts';
import { readColumnNames } from '../datasets/table.ts';
import type { Tabular } from './settings.ts';

/** Columns that are named. */
const MOST_NAMED = 20;

/** Returns every error that is found: files that are missing or no tables, names of columns that they do not have. */
export function checkTable(settings: Tabular): readonly TaskComplaint[] {
  const { target, ignore, categories } = settings;
  const columns = look(settings, 'file');
  const testColumns = look(settings, 'testFile');
  if ('complaint' in columns || 'complaint' in testColumns)
    return [columns, testColumns].flatMap((found) => ('complaint' in found ? [found.complaint] : []));
  const { names } = columns;
  if (names === undefined) return [];
  const rule = `the name of a column of \`task.file\` (${listOf(names)})`;
  const asked = [
    { path: ['target'], name: target },
    ...ignore.map((name, index) => ({ path: ['ignore', index], name })),
    ...categories.map((name, index) => ({ path: ['categories', index], name })),
  ];
  return [
    ...asked.flatMap(({ path, name }) => (names.includes(name) ? [] : [{ path, rule, got: name }])),
    ...checkTestColumns(
      names.filter((name) => !ignore.includes(name)),
      testColumns.names,
    ),
  ];
}

type Looked = { readonly names: readonly string[] | undefined } | { readonly complaint: TaskComplaint };

/** Returns the names of a file's columns; undefined if they are not known. */
function look(settings: Tabular, setting: 'file' | 'testFile'): Looked {
  const path = settings[setting];
  if (path === undefined) return { names: undefined };
  try {
    return { names: readColumnNames(path, settings) };
  } catch (error) {
    return { complaint: complaintOf(error, [setting], 'a CSV file that can be used') };
  }
}

function checkTestColumns(wanted: readonly string[], found: readonly string[] | undefined): TaskComplaint[] {
  const missing = found && wanted.filter((name) => !found.includes(name));
  if (!missing || missing.length === 0) return [];
  const rule = `a file with the columns of \`task.file\`, ${listOf(missing)} too`;
  return [{ path: ['testFile'], rule, got: listOf(found) }];
}

function listOf(names: readonly string[]): string {
  return names.length > MOST_NAMED ? `${names.slice(0, MOST_NAMED).join(', ')} …` : names.join(', ');
}
