/**
 * Computations with pauses: an orchestrator has one thread, and while it computes for seconds nobody's heartbeats go
 * out.
 */
import { setImmediate } from 'node:timers/promises';

/** A computation that pauses at every `yield`, after some milliseconds, and returns a value. */
export type Pausing<T> = Generator<undefined, T>;

/** Computes it without a pause. */
export function atOnce<T>(computation: Pausing<T>): T {
  for (;;) {
    const step = computation.next();
    if (step.done) return step.value;
  }
}

/** Computes it, with whatever else the process has to do in the pauses. */
export async function withPauses<T>(computation: Pausing<T>): Promise<T> {
  for (;;) {
    const step = computation.next();
    if (step.done) return step.value;
    await setImmediate();
  }
}
