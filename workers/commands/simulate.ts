/**
 * `npm run simulate`: runs the arms × seeds of a comparison in plain processes, and writes the same table as the
 * workflow `compare`.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { parseComparison } from '../../activities/comparison/input.ts';
import type { ComparisonRun } from '../../activities/contracts/comparison.ts';
import { comparisonText } from '../../activities/comparison/table.ts';
import { inParallel } from '../../workflows/population/in-parallel.ts';
import { commandWith, readOptions, parseWholeNumber } from '../processes/command-line.ts';
import { loadTasks } from '../own-tasks/loading.ts';
import { taskFiles, TASKS_OPTION } from '../own-tasks/options.ts';
import { readExperiment } from '../processes/experiment.ts';
import { loaderArguments, moduleFile } from '../processes/places.mjs';
import { UserError, runProcess } from '../processes/user-error.ts';
import { readSimulatedRuns, requireWritable, writeTable } from '../simulation/output.ts';
import type { SimulationJob } from '../simulation/simulate.ts';
import { HELP } from './help.mjs';

await runProcess(async () => {
  const options = readOptions(
    {
      'input-file': { type: 'string' },
      output: { type: 'string' },
      ...TASKS_OPTION,
      'environment-threads': { type: 'string', default: '1' },
      processes: { type: 'string', default: String(availableParallelism()) },
    },
    HELP.simulate,
  );
  const { 'input-file': inputFile, output } = options;
  if (inputFile === undefined || output === undefined)
    throw new UserError('Expected `--input-file` and `--output`. --help lists the options.');
  const tasks = taskFiles(options.tasks);
  const { describe } = await loadTasks(tasks);
  const processes = parseWholeNumber('processes', options.processes, 1, 64) ?? 1;
  const environmentThreads = parseWholeNumber('environment-threads', options['environment-threads'], 1, 256) ?? 1;
  const { input: comparison, workflowType } = readExperiment(inputFile, describe);
  if (workflowType !== 'compare')
    throw new UserError(`Expected ${inputFile} to be a comparison, with \`arms\` and \`seeds\`, got one run`);
  const { specifications, ...input } = parseComparison(comparison, describe);
  if (input.retrace)
    throw new UserError(
      `Expected \`retrace\` in ${inputFile} to be false or absent, got \`true\`: a simulation retraces nothing. ` +
        `Remove it, or train with \`${commandWith('start', ['--input-file', inputFile])}\``,
    );
  const jobs = Object.entries(specifications).flatMap(([arm, specification]) =>
    input.seeds.map((seed): SimulationJob => ({
      arm,
      specification: { ...specification, seed },
      environmentThreads,
      tasks,
    })),
  );
  const stored = readSimulatedRuns(output, input);
  requireWritable(output);
  const simulated = await simulateAll(jobs, processes, stored, (runs, newest) => {
    writeTable(output, comparisonText(input, runs));
    const { arm, seed, testScore } = newest;
    console.log(`${runs.length} of ${jobs.length} runs done: ${arm}, seed ${seed}: ${testScore}`);
  });
  if (simulated === 0) console.log(`Nothing to do: ${output} has all ${jobs.length} runs`);
  return 0;
});

/**
 * Simulates the jobs that have no stored run, in `processes` processes at a time. After each run it calls `onRun` with
 * all finished runs, in the order of their jobs. Returns how many it simulated.
 */
async function simulateAll(
  jobs: readonly SimulationJob[],
  processes: number,
  stored: readonly ComparisonRun[],
  onRun: (runs: readonly ComparisonRun[], newest: ComparisonRun) => void,
): Promise<number> {
  const runs = jobs.map(({ arm, specification: { seed } }) =>
    stored.find((run) => run.arm === arm && run.seed === seed),
  );
  const waiting = [...jobs.entries()].filter(([index]) => runs[index] === undefined);
  await inParallel(processes, waiting, async ([index, job]) => {
    const newest = (runs[index] = await simulateInProcess(job));
    const finished = runs.filter((run) => run !== undefined);
    onRun(finished, newest);
  });
  return waiting.length;
}

/** Simulates one run in a new process, so that runs can use several cores and release their memory. */
async function simulateInProcess(job: SimulationJob): Promise<ComparisonRun> {
  const child = fork(moduleFile('workers/simulation/simulated-run.ts'), { execArgv: loaderArguments() });
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
