/**
 * The specification of a run: one JSON object, validated once, before anything trains.
 *
 * The schema defines the types, the error messages (fields.ts states each rule beside its check), the JSON Schema for
 * editors (json-schema.ts), and the defaults. So the recorded specification of a run names everything that it uses.
 */
import { z } from 'zod';
import type { HyperparameterSpaces } from '../../workflows/algorithm/hyperparameters.ts';
import { WINNER_RULES } from '../../workflows/population/winner.ts';
import type { TaskDescription, TaskLookup, TaskSpecification } from '../contracts/task.ts';
import { descriptionOf, task } from './described-task.ts';
import { evaluation } from './evaluation-schema.ts';
import { bucketName, integer, list, object, oneOf } from '../../workflows/validation/fields.ts';
import { hyperparameter } from './hyperparameter-schema.ts';
import { limits } from './limits.ts';
import { checkRules } from './rules.ts';
import { schedule } from './schedule-schema.ts';

const subPopulation = object(
  {
    members: integer(
      1,
      limits.workers,
      'Number of members (networks in training); at least 2 unless there is a schedule. Default and the paper: 8.',
    ).default(8),
    evaluators: integer(
      0,
      limits.workers,
      'Number of evaluators, at most one per member. Default and the paper: three quarters of the members, rounded ' +
        'down; P1 has none.',
    ).optional(),
  },
  'One sub-population.',
);

const storage = object(
  {
    bucket: bucketName
      .describe('Bucket of the run: checkpoints, rounds, result. Default: fire-pbt.')
      .default('fire-pbt'),
    keepRounds: integer(2, 1000, 'Number of newest complete rounds that keep their checkpoints. Default: 2.').default(
      2,
    ),
  },
  'Storage of the run.',
);

const TASK_QUEUE_RULE = `the name of a task queue: 1 to ${limits.queueCharacters} characters`;

/** Schema of all fields, without the rules between fields. */
export const specificationShape = object(
  {
    $schema: z.string({ error: 'a string' }).optional().describe('For editors; ignored.'),
    task,
    seed: integer(0, 2 ** 32 - 1, 'Source of all randomness of the run. Default: 0.').default(0),
    steps: integer(1, limits.steps, 'Training steps of every member, a multiple of `stepsPerRound`.'),
    stepsPerRound: integer(
      1,
      limits.steps,
      'Steps between exploits, a multiple of `evalEvery`. The paper (ImageNet): 2400.',
    ),
    evalEvery: integer(1, limits.steps, 'Steps between measurements. The paper (ImageNet): 200.'),
    subPopulations: list(
      subPopulation,
      1,
      limits.subPopulations,
      'sub-populations',
      'P1 first, which is ranked by the objective; P2 and above are ranked by improvement rate. A single one is PBT.',
    ),
    evaluation: evaluation.prefault({}),
    smoothing: oneOf(
      ['fixed', 'estimated', 'none'],
      'Gaussian process that smooths curves: a fixed one, or one with estimated length-scale and noise; none is an ' +
        'ablation. Default: fixed.',
    ).default('fixed'),
    hyperparameters: z
      .record(z.string(), hyperparameter, { error: 'an object of hyperparameters by name' })
      .describe('Each hyperparameter by name: a constant, or a space to search.'),
    schedule: schedule
      .optional()
      .describe(
        'Schedule of a random search or of a retrace: members follow it and never copy one another. Default: none; ' +
          'the run finds schedules.',
      ),
    winner: oneOf(
      WINNER_RULES,
      'Who wins: the member of P1 with the best score of the last round, or of any round. The other is reported ' +
        'beside it. Default and the paper: last-round.',
    ).default('last-round'),
    threads: integer(
      1,
      limits.threads,
      'Number of threads of a trainer; digests of checkpoints depend on it. Default: 1.',
    ).default(1),
    storage: storage.prefault({}),
    trainers: z
      .string({ error: TASK_QUEUE_RULE })
      .min(1, { error: TASK_QUEUE_RULE })
      .max(limits.queueCharacters, { error: TASK_QUEUE_RULE })
      .optional()
      .describe(
        'Task queue of the trainers. Default: the task queue of the run followed by `-trainers`, which the local ' +
          'stack serves; it starts no trainers for another.',
      ),
  },
  'Specification of a FIRE PBT run.',
);

/**
 * Returns the schema of a whole specification, given the trainers' description of its task. It does not check the
 * budget of histories (budget.ts).
 */
export function specificationSchema(lookup: TaskLookup) {
  return specificationShape
    .superRefine((draft, context) => checkRules(draft, lookup, context), { when: () => true })
    .transform((valid) => resolve(valid, descriptionOf(valid, lookup)));
}

type SpecificationSchema = ReturnType<typeof specificationSchema>;

/** A valid specification, defaults filled in. */
export type Specification = DeepReadonly<Omit<z.output<SpecificationSchema>, 'hyperparameters' | 'task'>> & {
  readonly task: TaskSpecification;
  readonly hyperparameters: HyperparameterSpaces;
};

/** A specification as people write it, without defaults. */
export type SpecificationInput = z.input<SpecificationSchema>;

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

/** Fills in the defaults that depend on the task or on other fields. */
function resolve({ $schema: _, ...valid }: z.output<typeof specificationShape>, described?: TaskDescription) {
  const defaults = (described?.hyperparameters ?? []).flatMap(({ name, default: value }) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return {
    ...valid,
    task: described?.task ?? valid.task,
    hyperparameters: { ...Object.fromEntries(defaults), ...valid.hyperparameters },
    subPopulations: valid.subPopulations.map(({ members, evaluators }, index) => ({
      members,
      evaluators: evaluators ?? (index === 0 ? 0 : Math.floor((3 * members) / 4)),
    })),
    evaluation: {
      ...valid.evaluation,
      maxEvalSteps: valid.evaluation.maxEvalSteps ?? 3 * valid.stepsPerRound,
      minStepsBeforeEval: valid.evaluation.minStepsBeforeEval ?? valid.stepsPerRound,
    },
  };
}
