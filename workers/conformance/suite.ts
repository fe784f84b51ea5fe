/**
 * The conformance suite: what docs/trainer-contract.md promises of a trainer, tried one by one on a real task queue.
 */
import { reasonOf } from '../processes/user-error.ts';
import { CHECKPOINT_CHECKS } from './checkpoint-checks.ts';
import { DESCRIBING_CHECKS } from './describing-checks.ts';
import { INTERRUPTION_CHECKS } from './interruption-checks.ts';
import { REPORT_CHECKS } from './report-checks.ts';
import type { Check, Subject } from './subject.ts';
import { NotTried, Violation } from './verdicts.ts';
import { TRAINING_CHECKS } from './training-checks.ts';

export const CHECKS: readonly Check[] = [
  ...DESCRIBING_CHECKS,
  ...TRAINING_CHECKS,
  ...CHECKPOINT_CHECKS,
  ...INTERRUPTION_CHECKS,
  ...REPORT_CHECKS,
];

/** What a check found. */
export interface Finding {
  readonly title: string;
  readonly verdict: 'holds' | 'violated' | 'not tried';
  /** Why it does not hold or was not tried. */
  readonly reason: string | null;
}

/** Tries the checks in turn, by default all, and tells each finding. */
export async function tryAll(
  subject: Subject,
  tell: (finding: Finding) => void,
  checks: readonly Check[] = CHECKS,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const check of checks) {
    const finding = await tryOne(check, subject);
    findings.push(finding);
    tell(finding);
  }
  return findings;
}

async function tryOne({ title, run }: Check, subject: Subject): Promise<Finding> {
  try {
    await run(subject);
    return { title, verdict: 'holds', reason: null };
  } catch (error) {
    if (error instanceof Violation) return { title, verdict: 'violated', reason: error.message };
    if (error instanceof NotTried) return { title, verdict: 'not tried', reason: error.message };
    throw new Error(`Cannot try whether the trainer ${title}: ${reasonOf(error)}`, { cause: error });
  }
}
