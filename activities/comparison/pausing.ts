/**
 * Computations that can pause. An orchestrator has one thread and sends no heartbeats while it computes.
 */
import { setImmediate } from 'node:timers/promises';

/** A computation that returns a value. It can pause at every `yield`; two of them are some milliseconds apart. */
export type Pausing<T> = Generator<undefined, T>;

/** Computes without a pause. */
export function atOnce<T>(computation: Pausing<T>): T {
  for (;;) {
    const step = computation.next();
    if (step.done) return step.value;
  }
}

/** Computes, and lets the process do other work in the pauses. */
export async function withPauses<T>(computation: Pausing<T>): Promise<T> {
  for (;;) {
    const step = computation.next();
    if (step.done) return step.value;
    await setImmediate();
  }
}
