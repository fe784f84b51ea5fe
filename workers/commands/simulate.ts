/**
 * `npm run simulate`: a comparison's arms × seeds in plain processes, and their table as a comparison's workflow would
 * write it.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseComparison, type Comparison } from '../../activities/comparison/input.ts';
import type { ComparisonRun } from '../../activities/contracts/comparison.ts';
import { comparisonText } from '../../activities/comparison/table.ts';
import { readOptions, wholeNumber } from '../processes/command-line.ts';
import { readExperiment } from '../processes/experiment.ts';
import { UserError, runProcess } from '../processes/user-error.ts';
import { SIMULATED, type SimulationJob } from '../simulation/simulate.ts';

const HELP = `
Simulates the runs of a comparison: what the workflows decide and the task's own training, without Temporal and S3, and so without what these cost.
Runs that the output has already are not simulated again, as long as the arms of the input are what they were.

  --input-file FILE   a comparison, as in experiments/
  --output FILE       where its table goes
  --processes N       runs at once (one a core)
  --help              this text`;

/** What the output had when a simulation was interrupted. */
interface StoredTable {
  readonly input: Pick<Comparison, 'arms'>;
  readonly runs: readonly ComparisonRun[];
}

await runProcess(async () => {
  const options = readOptions(
    {
      'input-file': { type: 'string' },
      output: { type: 'string' },
      processes: { type: 'string', default: String(availableParallelism()) },
    },
    HELP,
  );
  const { 'input-file': inputFile, output } = options;
  if (inputFile === undefined || output === undefined)
    throw new UserError('Expected --input-file and --output; --help tells more.');
  const processes = wholeNumber('processes', options.processes, 1, 64) ?? 1;
  const { input: given, workflowType } = readExperiment(inputFile);
  if (workflowType !== 'compare')
    throw new UserError(`Expected ${inputFile} to be a comparison, with \`arms\` and \`seeds\`, got one run`);
  const { specifications, ...input } = parseComparison(given);
  const jobs = Object.keys(input.arms).flatMap((arm) =>
    input.seeds.map((seed): SimulationJob => ({ arm, specification: { ...specifications[arm]!, seed } })),
  );
  const stored = readStored(output, input);
  const runs = jobs.map(({ arm, specification: { seed } }) =>
    stored.find((run) => run.arm === arm && run.seed === seed),
  );
  const done = (): ComparisonRun[] => runs.filter((run) => run !== undefined);
  mkdirSync(dirname(output), { recursive: true });
  let next = 0;
  await Promise.all(
    Array.from({ length: processes }, async () => {
      for (let index = next++; index < jobs.length; index = next++) {
        if (runs[index]) continue;
        const run = (runs[index] = await simulated(jobs[index]!));
        writeFileSync(output, comparisonText(input, done()));
        console.log(`${done().length} of ${jobs.length} runs done: ${run.arm}, seed ${run.seed}: ${run.testScore}`);
      }
    }),
  );
  return 0;
});

/** Runs of an output whose arms were specified as they are now. */
function readStored(output: string, { arms }: Pick<Comparison, 'arms'>): readonly ComparisonRun[] {
  if (!existsSync(output)) return [];
  const { input, runs } = JSON.parse(readFileSync(output, 'utf8')) as StoredTable;
  return runs.filter(
    ({ arm, folder }) => folder === SIMULATED && JSON.stringify(input.arms[arm]) === JSON.stringify(arms[arm]),
  );
}

/** In a process of its own: TensorFlow computes in one thread, and a run keeps all of its networks in memory. */
async function simulated(job: SimulationJob): Promise<ComparisonRun> {
  const child = fork(fileURLToPath(new URL('../simulation/simulated-run.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
  });
  let run: ComparisonRun | undefined;
  child.on('message', (message) => (run = message as ComparisonRun));
  child.send(job);
  const [code] = (await once(child, 'exit')) as [number | null];
  if (!run)
    throw new UserError(
      `Cannot simulate ${job.arm}, seed ${job.specification.seed}: its process ended with code ${code}`,
    );
  return run;
}
