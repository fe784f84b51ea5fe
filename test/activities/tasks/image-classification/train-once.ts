/**
 * Trains the small perceptron of the tests and prints the checkpoint's digest: for comparing processes.
 */
import { startTrainer } from '../../training/training-harness.ts';

process.env['TF_NUM_INTRAOP_THREADS'] = '1';
process.env['TF_CPP_MIN_LOG_LEVEL'] = '2';
const trainer = await startTrainer();
const { checkpoint } = await trainer.train({});
await trainer.stop();
console.log(checkpoint.sha256);
