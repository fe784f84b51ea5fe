/**
 * The end of what a task's author has made: whatever happens there, it must not take the place of what was computed.
 */
import { messageWithLine } from './author-line.ts';

interface Disposable {
  dispose?(): void | Promise<void>;
}

/** Disposes of all of them. Never throws: if some fail, the process warns of the first. */
export async function disposeOf(what: string, all: readonly Disposable[]): Promise<void> {
  const outcomes = await Promise.allSettled(all.map(async (one) => one.dispose?.()));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) process.emitWarning(`Cannot dispose of ${what}: ${messageWithLine(failed.reason)}`);
}
