/**
 * The search attributes of a run, for `temporal workflow list --query "FirePbtStatus = 'holding'"`. They must be
 * registered in the namespace.
 */
import { defineSearchAttributeKey } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import type { SearchAttributePair } from '@temporalio/common';
import { algorithmOf } from '../population/names.ts';
import type { RunProgress } from '../../activities/contracts/messages.ts';

/** The types to register, by name. */
export const SEARCH_ATTRIBUTE_TYPES = {
  FirePbtAlgorithm: 'Keyword',
  FirePbtTask: 'Keyword',
  FirePbtSeed: 'Int',
  FirePbtRound: 'Int',
  FirePbtBestScore: 'Double',
  FirePbtTestScore: 'Double',
  FirePbtStatus: 'Keyword',
} as const;

const ALGORITHM = defineSearchAttributeKey('FirePbtAlgorithm', 'KEYWORD');
const TASK = defineSearchAttributeKey('FirePbtTask', 'KEYWORD');
const SEED = defineSearchAttributeKey('FirePbtSeed', 'INT');
export const ROUND = defineSearchAttributeKey('FirePbtRound', 'INT');
export const BEST_SCORE = defineSearchAttributeKey('FirePbtBestScore', 'DOUBLE');
const TEST_SCORE = defineSearchAttributeKey('FirePbtTestScore', 'DOUBLE');
const STATUS = defineSearchAttributeKey('FirePbtStatus', 'KEYWORD');

/**
 * Returns a function that upserts the attributes that changed since its last call, with one event or none. A run that
 * ends before it is planned has a status only.
 */
export function searchAttributePublisher(): (progress: RunProgress) => void {
  const published: Record<string, string> = {};
  return (progress) => {
    const changed = pairsOf(progress).filter(({ key, value }) => published[key.name] !== String(value));
    if (changed.length === 0) return;
    for (const { key, value } of changed) published[key.name] = String(value);
    upsertSearchAttributes(changed);
  };
}

function pairsOf({ plan, round, bestScore, testScore, status }: RunProgress): SearchAttributePair[] {
  const statusPair = { key: STATUS, value: status };
  if (plan === null) return status === 'planning' ? [] : [statusPair];
  return [
    { key: ALGORITHM, value: algorithmOf(plan.specification) },
    { key: TASK, value: plan.task.label },
    { key: SEED, value: plan.specification.seed },
    { key: ROUND, value: round },
    ...(bestScore === null ? [] : [{ key: BEST_SCORE, value: bestScore }]),
    ...(typeof testScore === 'number' ? [{ key: TEST_SCORE, value: testScore }] : []),
    statusPair,
  ];
}
