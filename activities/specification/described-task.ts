/**
 * The task of a specification: what trainers are asked about it, and what follows from their answer.
 */
import { z } from 'zod';
import type { AnsweredRequest, DescribeRequest, TaskDescription, TaskLookup } from '../contracts/task.ts';
import { at, isIntegerWithin, report } from '../../workflows/validation/draft.ts';
import { limits } from './limits.ts';

const KIND_RULE = 'the name of a kind of task';

/** Schema of a task as far as it does not depend on its kind. */
export const task = z
  .looseObject(
    {
      kind: z
        .string({ error: KIND_RULE })
        .min(1, { error: KIND_RULE })
        .describe('Kind of the task; one that the trainers have.'),
    },
    { error: 'an object with the `kind` of a task and its settings' },
  )
  .describe('The task: its kind, and the settings of this kind.');

/** A lookup by which nobody has been asked: everything that depends on the task is passed over. */
export const UNASKED: TaskLookup = () => undefined;

/** Returns what trainers are to be asked about a draft; undefined if it says too little to ask. */
export function requestOf(draft: unknown): DescribeRequest | undefined {
  const parsed = task.safeParse(at(draft, 'task'));
  const threads = at(draft, 'threads') ?? 1;
  return parsed.success && isIntegerWithin(threads, 1, limits.threads) ? { task: parsed.data, threads } : undefined;
}

/** Returns the description of a draft's task; undefined if nobody has been asked, or the task is refused. */
export function descriptionOf(draft: unknown, lookup: TaskLookup): TaskDescription | undefined {
  const request = requestOf(draft);
  const answer = request && lookup(request);
  return answer && 'description' in answer ? answer.description : undefined;
}

/** Adds an issue for each complaint of the trainers about a draft's task. */
export function checkTask(draft: unknown, lookup: TaskLookup, context: z.core.$RefinementCtx): void {
  const request = requestOf(draft);
  const answer = request && lookup(request);
  for (const { path, rule, got } of answer && 'complaints' in answer ? answer.complaints : [])
    report(context, path, rule, got === undefined ? {} : { got });
}

/** Returns a lookup in answers that trainers gave. */
export function lookupIn(answers: readonly AnsweredRequest[]): TaskLookup {
  const byRequest = new Map(answers.map(({ request, answer }) => [keyOf(request), answer]));
  return (request) => byRequest.get(keyOf(request));
}

function keyOf({ task: { kind, ...settings }, threads }: DescribeRequest): string {
  return JSON.stringify([kind, settings, threads]);
}
