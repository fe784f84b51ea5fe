/**
 * Schemas of what trainers answer about a task: trainers in any language answer, so it is validated.
 */
import { z } from 'zod';
import { definitionError } from '../../workflows/validation/hyperparameter-definition.ts';
import { limits } from '../specification/limits.ts';
import type { DescribeRequest, HyperparameterDefinition, TaskComplaint, TaskDescription } from './task.ts';

const LONGEST_TEXT = 1_000;
const MOST_HYPERPARAMETERS = 1_000;

const name = z.string().min(1).max(100);
const named = {
  name,
  description: z.string().max(LONGEST_TEXT).describe('One sentence, for people.'),
  optional: z
    .literal(true)
    .exactOptional()
    .describe('A run may leave it out: then the task does without it. Never together with a default.'),
};

/** One hyperparameter. */
export const hyperparameterDefinition: z.ZodType<HyperparameterDefinition> = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('number'),
      ...named,
      minimum: z.number().exactOptional().describe('Lowest value, included.'),
      above: z.number().exactOptional().describe('The value is above this.'),
      maximum: z.number().exactOptional().describe('Highest value, included.'),
      below: z.number().exactOptional().describe('The value is below this.'),
      default: z.number().exactOptional(),
    }),
    z.strictObject({
      kind: z.literal('integer'),
      ...named,
      minimum: z.int(),
      maximum: z.int(),
      default: z.int().exactOptional(),
    }),
    z.strictObject({
      kind: z.literal('category'),
      ...named,
      choices: z.array(name).min(1).max(64),
      default: z.string().exactOptional(),
    }),
  ])
  .superRefine((definition, context) => {
    const message = definitionError(definition);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  })
  .describe('A hyperparameter; without a default it must be given, unless it is optional.');

/** What is trained: `{kind, …settings}`. */
export const taskSpecification = z
  .looseObject({ kind: z.string().min(1) })
  .describe('The kind of a task and its settings.');

/** What `describe` takes. */
export const describeRequest: z.ZodType<DescribeRequest> = z.strictObject({
  task: taskSpecification,
  threads: z.int().min(1).max(limits.threads).describe("Threads that the run's trainers compute with."),
});

/** What `describe` answers for a task whose settings it accepts. */
export const taskDescription: z.ZodType<TaskDescription> = z.strictObject({
  task: taskSpecification.describe('The settings with defaults filled in.'),
  label: z.string().min(1).max(200).describe('For people and search attributes: `image-classification/fashion-mnist`.'),
  hyperparameters: z
    .array(hyperparameterDefinition)
    .max(MOST_HYPERPARAMETERS)
    .refine((all) => new Set(all.map((one) => one.name)).size === all.length, { error: 'of different names' })
    .describe('In the order in which people read them.'),
  checkpointBytes: z.number().nonnegative().nullable().describe('Estimate for one checkpoint; null: not known.'),
  score: z.string().min(1).max(100).describe('What the score is called; higher is better.'),
});

/** One error in what was asked, as the failure of type `InvalidTask` has a list of them. */
export const taskComplaint: z.ZodType<TaskComplaint> = z.strictObject({
  path: z
    .array(z.union([z.string(), z.int()]))
    .min(1)
    .describe('In the specification: `["task", "model", "hidden", 0]` or `["threads"]`.'),
  rule: z.string().max(LONGEST_TEXT).describe('Completes `Expected … to be`.'),
  got: z.string().max(LONGEST_TEXT).exactOptional().describe('What was found, if that is not the value at the path.'),
});

/** What trainers were asked, and their answer. */
export const answeredRequest = z.strictObject({
  request: describeRequest,
  answer: z.union([
    z.strictObject({ description: taskDescription }),
    z.strictObject({ complaints: z.array(taskComplaint).min(1).max(1_000) }),
  ]),
});
