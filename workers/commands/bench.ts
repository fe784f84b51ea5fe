/**
 * `npm run bench`: measures smoothing, training steps, those of residual networks, storage, and orchestration.
 */
import { benchOrchestration } from '../bench/orchestration.ts';
import { benchResidual } from '../bench/residual.ts';
import { benchSmoothing } from '../bench/smoothing.ts';
import { benchStorage } from '../bench/storage.ts';
import { benchTraining } from '../bench/training.ts';
import { parseChoice, readOptions } from '../processes/command-line.ts';
import { runProcess } from '../processes/user-error.ts';

const HELP = `
Measures the time to smooth a curve; the CPU time of a training step, compiled and compared with a graph written by
hand, with eager TensorFlow.js and with PyTorch; that of ResNet-18 and ResNet-50, compared with PyTorch; the time to
store a large checkpoint and read it back, compared with the AWS SDK; and the cost of orchestration without the time for
training: seconds per round, and the length of each history compared with its budget. Exits with 1 if a history exceeds
its budget.

  --only NAME    measure only smoothing, training, residual, storage or orchestration (all)
  --python PATH  for training and residual, the Python that has PyTorch (python3)
  --small        run one short run instead of three, measure training and storage once, and store less
  --help         show this text`;

const OPTIONS = {
  only: { type: 'string' },
  python: { type: 'string', default: 'python3' },
  small: { type: 'boolean', default: false },
} as const;

await runProcess(async () => {
  const options = readOptions(OPTIONS, HELP);
  const only = parseChoice('only', options.only, ['smoothing', 'training', 'residual', 'storage', 'orchestration']);
  if (only === undefined || only === 'smoothing') benchSmoothing();
  if (only === undefined || only === 'training') benchTraining(options.python, options.small ? 1 : 9);
  if (only === undefined || only === 'residual') benchResidual(options.python, options.small ? 1 : 5);
  if (only === undefined || only === 'storage') await benchStorage(options.small);
  if (only !== undefined && only !== 'orchestration') return 0;
  return (await benchOrchestration(options.small)) ? 0 : 1;
});
