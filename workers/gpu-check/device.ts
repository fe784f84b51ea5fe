/**
 * The process of one device: it trains the case that it is asked for, and sends the figures. Its
 * environment says which device it has.
 */
import { loadTensorFlow, useBinding } from '../../activities/tasks/tensorflow/library.ts';
import { BINDING } from '../processes/places.mjs';
import { CASES } from './cases.ts';
import type { Measured } from './comparing.ts';
import { syntheticTraining } from './synthetic-training.ts';

process.once('message', (message) => {
  try {
    process.send?.(measure(message as string), () => process.disconnect());
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
});

function measure(name: string): Measured {
  const one = CASES[name];
  if (one === undefined) throw new Error(`Expected a case of the check, got \`${name}\``);
  useBinding(BINDING);
  const tensorflow = loadTensorFlow();
  const training = syntheticTraining(tensorflow, one);
  try {
    const losses = training.train(one.compared);
    const before = performance.now();
    training.train(one.timed);
    const stepsPerSecond = (1000 * one.timed) / (performance.now() - before);
    return { name, onGpu: tensorflow.backend.isUsingGpuDevice, losses, stepsPerSecond };
  } finally {
    training.dispose();
  }
}
