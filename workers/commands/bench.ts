/**
 * `npm run bench`: measures smoothing and orchestration.
 */
import { benchOrchestration } from '../bench/orchestration.ts';
import { benchSmoothing } from '../bench/smoothing.ts';
import { oneOf, readOptions } from '../processes/command-line.ts';
import { runProcess } from '../processes/user-error.ts';

const HELP = `
Measures how long smoothing a curve takes, and what orchestration costs with training that takes no time: seconds a
round, and the length of each history beside its budget. Ends with 1 if a history exceeds its budget.

  --only NAME   smoothing or orchestration (both)
  --small       orchestration: one short run in place of three
  --help        this text`;

await runProcess(async () => {
  const options = readOptions({ only: { type: 'string' }, small: { type: 'boolean', default: false } }, HELP);
  const only = oneOf('only', options.only, ['smoothing', 'orchestration']);
  if (only !== 'orchestration') benchSmoothing();
  return only === 'smoothing' || (await benchOrchestration(options.small)) ? 0 : 1;
});
