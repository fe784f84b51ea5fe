/**
 * Computations that can pause: an orchestrator has one thread, and sends no heartbeats while it computes.
 */
import { setImmediate } from 'node:timers/promises';

/** A computation that may pause at every `yield`, some milliseconds apart, and returns a value. */
export type Pausing<T> = Generator<undefined, T>;

/** Computes without a pause. */
export function atOnce<T>(computation: Pausing<T>): T {
  for (;;) {
    const step = computation.next();
    if (step.done) return step.value;
  }
}

/** Computes and lets the process do its other work in the pauses. */
export async function withPauses<T>(computation: Pausing<T>): Promise<T> {
  for (;;) {
    const step = computation.next();
    if (step.done) return step.value;
    await setImmediate();
  }
}
