/**
 * A task whose sessions do nothing but what a test says.
 */
import type { Session, Task } from '../../../activities/tasks/task.ts';

const NOTHING: Session = {
  initialise: () => undefined,
  restore: () => undefined,
  effectiveHyperparameters: () => ({}),
  train: () => undefined,
  measure: () => 1,
  save: () => new Map(),
  report: async () => ({ testScore: 1, weights: new Map(), exports: [] }),
  dispose: () => undefined,
};

/** Returns a task without hyperparameters. */
export function standInTask(session: Partial<Session>): Task {
  return { kind: 'stand-in', score: 'score', hyperparameters: [], open: async () => ({ ...NOTHING, ...session }) };
}
