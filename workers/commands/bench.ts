/**
 * `npm run bench`: measures smoothing and orchestration.
 */
import { benchOrchestration } from '../bench/orchestration.ts';
import { benchSmoothing } from '../bench/smoothing.ts';
import { parseChoice, readOptions } from '../processes/command-line.ts';
import { runProcess } from '../processes/user-error.ts';

const HELP = `
Measures the time to smooth a curve, and the cost of orchestration without the time for training: seconds per round,
and the length of each history compared with its budget. Exits with 1 if a history exceeds its budget.

  --only NAME   measure only smoothing or orchestration (both)
  --small       for orchestration, run one short run instead of three
  --help        show this text`;

await runProcess(async () => {
  const options = readOptions({ only: { type: 'string' }, small: { type: 'boolean', default: false } }, HELP);
  const only = parseChoice('only', options.only, ['smoothing', 'orchestration']);
  if (only !== 'orchestration') benchSmoothing();
  return only === 'smoothing' || (await benchOrchestration(options.small)) ? 0 : 1;
});
