/**
 * Lineage: which workers trained the weights of a member, and how the weights passed between them.
 */
import type { HistorySegment, SegmentOrigin } from './state.ts';

/** One worker that trained a member's weights. The history has its hyperparameters. */
export interface Ancestor {
  readonly worker: string;
  readonly origin: SegmentOrigin;
  readonly fromStep: number;
  readonly toStep: number;
}

/**
 * Returns a history without hyperparameters, with one entry per worker, oldest first. It is empty for a member that has
 * not trained.
 */
export function lineageOf(history: readonly HistorySegment[]): readonly Ancestor[] {
  const lineage: Ancestor[] = [];
  for (const { worker, origin, fromStep, toStep } of history) {
    const last = lineage.at(-1);
    if (last?.worker === worker) lineage[lineage.length - 1] = { ...last, toStep };
    else lineage.push({ worker, origin, fromStep, toStep });
  }
  return lineage;
}
