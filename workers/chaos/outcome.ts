/**
 * The part of a result that must be equal in two runs of the same specification, whatever disturbed them.
 */
import type { ResultSummary } from '../../activities/contracts/result.ts';

export interface Outcome {
  readonly decisionsSha256: string | null;
  readonly winner: string;
  readonly objective: number | string;
  readonly checkpointSha256: string;
}

export function outcomeOf({ decisionsSha256, winner }: ResultSummary): Outcome {
  return {
    decisionsSha256,
    winner: winner.member,
    objective: winner.objective,
    checkpointSha256: winner.checkpoint.sha256,
  };
}
