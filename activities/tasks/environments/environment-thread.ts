/**
 * What runs in a thread that steps environments.
 */
import { parentPort } from 'node:worker_threads';
import { createEnvironments, EnvironmentSlice } from './environment-slice.ts';
import type { ThreadAnswer, ThreadOrder } from './environment-threads.ts';
import { loadEnvironment } from './shipped.ts';

const slices = new Map<number, EnvironmentSlice>();

parentPort?.on('message', (order: ThreadOrder) => {
  carryOut(order).then(
    () => answer({ slice: order.slice }),
    (error: unknown) => {
      const { message, stack = message } = error instanceof Error ? error : new Error(String(error));
      answer({ slice: order.slice, error: { message, stack } });
    },
  );
});

function answer(message: ThreadAnswer): void {
  parentPort?.postMessage(message);
}

async function carryOut(order: ThreadOrder): Promise<void> {
  switch (order.kind) {
    case 'open': {
      const { slice, choice, plan, arrays } = order;
      const definition = await loadEnvironment(choice);
      const environments = await createEnvironments(
        definition,
        plan.count,
        arrays.states.length / arrays.rewards.length,
      );
      slices.set(slice, new EnvironmentSlice(definition, plan, environments, arrays));
      break;
    }
    case 'carry-out':
      slices.get(order.slice)?.carryOut(order.command);
      break;
    case 'dispose': {
      const slice = slices.get(order.slice);
      slices.delete(order.slice);
      await slice?.dispose();
      break;
    }
    default:
      order satisfies never;
  }
}
