/**
 * The table that a simulation writes: read before it goes on, and replaced as a whole after each run.
 */
import { existsSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import type { Comparison } from '../../activities/comparison/input.ts';
import { NEEDED_DESCRIPTION } from '../../activities/comparison/run.ts';
import type { ComparisonRun } from '../../activities/contracts/comparison.ts';
import { checkRecorded } from '../../activities/runs/recorded-json.ts';
import { makeDirectory } from '../processes/directories.ts';
import { reasonOf, UserError } from '../processes/user-error.ts';
import { SIMULATED } from './simulate.ts';

/** The content of an existing output file, as far as it is read. */
interface StoredTable {
  readonly input: Pick<Comparison, 'arms'>;
  readonly runs: readonly ComparisonRun[];
}

/** Costs may lack what earlier versions did not count. */
const NEEDED_TABLE = z.object({
  input: z.object({ arms: z.record(z.string(), z.unknown()) }),
  runs: z.array(NEEDED_DESCRIPTION.extend({ folder: z.string(), costs: z.record(z.string(), z.unknown()) })),
});

/**
 * Returns the runs of the output file whose arms have the same specification as in the input; none if there is no such
 * file.
 *
 * @throws UserError if the file is no table of a comparison, or has a run that no simulation made
 */
export function readSimulatedRuns(output: string, { arms }: Pick<Comparison, 'arms'>): readonly ComparisonRun[] {
  if (!existsSync(output)) return [];
  const table = checkRecorded<StoredTable>(readJson(output), NEEDED_TABLE);
  if ('problem' in table)
    throw new UserError(`Expected ${output} to be the table of a comparison: ${table.problem}. ${ELSEWHERE}`);
  const { input, runs } = table.value;
  const real = runs.find(({ folder }) => folder !== SIMULATED);
  if (real !== undefined)
    throw new UserError(
      `Expected ${output} to have simulated runs only, got ${real.arm}, seed ${real.seed}, of the run in ` +
        `${real.folder}. ${ELSEWHERE}`,
    );
  return runs.filter(({ arm }) => JSON.stringify(input.arms[arm]) === JSON.stringify(arms[arm]));
}

/** @throws UserError if no table can be written there */
export function requireWritable(output: string): void {
  makeDirectory(dirname(resolve(output)), 'the table');
  writing(output, (partial) => {
    writeFileSync(partial, '');
    rmSync(partial);
  });
}

/**
 * Writes the table. The earlier one stays until the new one is complete.
 *
 * @throws UserError if it cannot be written
 */
export function writeTable(output: string, text: string): void {
  writing(output, (partial, place) => {
    writeFileSync(partial, text);
    renameSync(partial, place);
  });
}

const ELSEWHERE = 'Choose another `--output`';

/** Returns null if the file has no JSON. @throws UserError if it cannot be read */
function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`Cannot read ${file}: ${reasonOf(error)}`, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Calls `write` with a file beside the output, and with the output itself, links followed. */
function writing(output: string, write: (partial: string, place: string) => void): void {
  const place = existsSync(output) ? realpathSync(output) : resolve(output);
  const partial = `${place}.partial`;
  try {
    write(partial, place);
  } catch (error) {
    rmSync(partial, { force: true });
    throw new UserError(`Cannot write ${output}: ${reasonOf(error)}`, { cause: error });
  }
}
