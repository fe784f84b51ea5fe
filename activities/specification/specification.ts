/**
 * The specification of a run: one JSON object, validated once, before anything trains.
 *
 * The schema is the source of everything: the types (inferred), the error messages (specification/fields.ts states each
 * rule beside its check), the JSON Schema that editors use (`specificationJsonSchema`), the defaults, which are visible
 * in what a run says it uses.
 */
import { z } from 'zod';
import type { HyperparameterSpaces } from '../../workflows/algorithm/hyperparameters.ts';
import { between, finite, flag, integer, list, listOf, number, object, oneOf, range, tag } from './fields.ts';
import { taskHyperparameters } from '../tasks/hyperparameters.ts';
import { bucketName, checkRules, limits, space } from './rules.ts';

const factors = list(
  number(1e-6, 1e6, 'A factor.'),
  1,
  64,
  'factors',
  'What explore multiplies a value with, one drawn uniformly. The paper: [0.5, 0.8, 1.25, 2].',
).default([0.5, 0.8, 1.25, 2]);

const floatSpace = object(
  {
    kind: tag('float', 'A real number.'),
    scale: oneOf(
      ['linear', 'log'],
      'On a log scale (bounds above 0) explore multiplies; on a linear one a value that factors cannot move is moved on its normalised range.',
    ),
    bounds: range(finite('A bound.'), 'Lowest and highest value ever used; both included.'),
    initial: object(
      {
        distribution: oneOf(['uniform', 'log-uniform'], 'How first values are drawn.'),
        range: range(finite('An end of the range.'), 'Lowest and highest first value; inside the bounds.'),
      },
      'Where first values come from.',
    ),
    factors,
  },
  'A searched real number.',
);

const integerSpace = object(
  {
    kind: tag('integer', 'A whole number.'),
    bounds: range(integer(-1e9, 1e9, 'A bound.'), 'Lowest and highest value ever used; both included.'),
    initial: object(
      {
        range: range(
          integer(-1e9, 1e9, 'An end of the range.'),
          'Lowest and highest first value, drawn uniformly; inside the bounds.',
        ),
      },
      'Where first values come from.',
    ),
    factors,
  },
  'A searched whole number: explore multiplies and moves it at least by one.',
);

const choice = z
  .string({ error: 'a string of 1 to 100 characters' })
  .min(1, { error: 'a string of 1 to 100 characters' })
  .max(100, { error: 'a string of 1 to 100 characters' });

const categorySpace = object(
  {
    kind: tag('category', 'One of several names.'),
    choices: list(choice, 2, 64, 'different strings', 'What may be chosen; explore draws anew.'),
  },
  'A searched category.',
);

const searched = z
  .discriminatedUnion('kind', [floatSpace, integerSpace, categorySpace], {
    error: (issue) =>
      issue.code === 'invalid_union'
        ? listOf(['float', 'integer', 'category'])
        : 'a number, a string or a space to search',
  })
  .superRefine(space, { when: () => true });

const hyperparameter = z.union([finite('A constant.'), choice, searched], {
  error: 'a constant (a number or a string) or a space to search (an object with `kind` float, integer or category)',
});

const hiddenWidth = integer(1, limits.layerWidth, 'Units of a layer.');

const model = z.discriminatedUnion(
  'kind',
  [
    object(
      {
        kind: tag('perceptron', 'Fully connected layers.'),
        hidden: list(
          hiddenWidth,
          1,
          8,
          'layer widths',
          'Units of each hidden layer, first to last; ReLU between them.',
        ),
      },
      'A multilayer perceptron.',
    ),
    object(
      {
        kind: tag(
          'convolutional',
          '3×3 convolutions, each followed by ReLU and 2×2 max pooling; then one hidden dense layer.',
        ),
        filters: list(
          integer(1, limits.filters, 'Filters of a convolution.'),
          1,
          4,
          'filter counts',
          'Filters of each convolution, first to last.',
        ),
        dense: hiddenWidth.describe('Units of the dense layer before the output.'),
      },
      'A small convolutional network.',
    ),
  ],
  {
    error: (issue) =>
      issue.code === 'invalid_union'
        ? listOf(['perceptron', 'convolutional'])
        : 'an object with `kind` perceptron or convolutional',
  },
);

const imageClassification = object(
  {
    kind: tag(
      'image-classification',
      'Train a network to classify images; the score is the accuracy on held-out training images.',
    ),
    dataset: oneOf(['fashion-mnist'], 'The data set.'),
    model,
    optimizer: oneOf(['momentum', 'adam'], 'Momentum: SGD with `momentum`. Default: momentum.').default('momentum'),
    batchSize: integer(1, limits.batchSize, 'Examples of a training step. Default: 16.').default(16),
    objectiveExamples: integer(
      1,
      limits.trainingImages,
      'Training images held out for the objective, which decisions are made by. Default: 2500.',
    ).default(2500),
    untouchedExamples: integer(
      1,
      limits.trainingImages,
      'Training images that no decision sees, for the final report. Default: 2500.',
    ).default(2500),
  },
  'Image classification.',
);

const toy = object(
  {
    kind: tag('toy', 'A closed-form problem (Chebykin et al., TMLR 2025, §5.2).'),
    variant: oneOf(['plain', 'deceptive'], 'Deceptive: cutting h at once pays now and costs later.'),
  },
  'A toy task.',
);

const task = z.discriminatedUnion('kind', [imageClassification, toy], {
  error: (issue) =>
    issue.code === 'invalid_union'
      ? listOf(['image-classification', 'toy'])
      : 'an object with `kind` image-classification or toy',
});

const subPopulation = object(
  {
    members: integer(
      1,
      limits.workers,
      'Members: networks trained side by side; at least 2 unless there is a schedule. Default and the paper: 8.',
    ).default(8),
    evaluators: integer(
      0,
      limits.workers,
      'Evaluators, at most one a member. Default and the paper: three quarters of the members, rounded down; P1 has none.',
    ).optional(),
  },
  'One sub-population.',
);

const evaluation = object(
  {
    maxEvalSteps: integer(
      1,
      limits.steps,
      'Steps over which the binomial test grows strict; an evaluation without overlap ends after them. Default: three rounds. The paper: 7200 of 2400 a round.',
    ).optional(),
    minStepsBeforeEval: integer(
      0,
      limits.steps,
      'No evaluator is assigned in rounds that start before this step. Default: one round.',
    ).optional(),
    order: oneOf(
      ['oldest-first', 'youngest-first'],
      'Which members are evaluated first, by steps since their last evaluation. Default and the paper: oldest-first.',
    ).default('oldest-first'),
    significance: between(
      0,
      1,
      'Significance of the binomial test, for success and as the end value for stopping. Default and the paper: 0.01.',
    ).default(0.01),
    patience: integer(
      0,
      limits.steps,
      'Steps that a member of P2 and above is evaluated before it may be exploited away. Default and the paper: 0.',
    ).default(0),
    childReplaced: oneOf(
      ['end', 'follow'],
      "When exploit replaces an evaluation's child: `end` ends the evaluation; `follow` goes on against the member whose copy took the child's place. Default and the paper: end.",
    ).default('end'),
    against: oneOf(
      ['child', 'anyone'],
      'Whom an evaluator may succeed against, and promote: its child alone, or any member of the sub-population below. Default and the paper: child.',
    ).default('child'),
    stopping: oneOf(
      ['binomial-test', 'fixed-length'],
      '`fixed-length` (an ablation): no test; the gap decides after `maxEvalSteps`. Default and the paper: binomial-test.',
    ).default('binomial-test'),
    shifts: flag(
      'Whether a curve that lies entirely above another is shifted down to be compared. False is an ablation. Default and the paper: true.',
    ).default(true),
    ranking: oneOf(
      ['improvement', 'score'],
      'What P2 and above are ranked by; `score` (an ablation): the newest score, as P1. Default and the paper: improvement.',
    ).default('improvement'),
    promotes: flag(
      'Whether an evaluator that succeeds gives its weights to its child. False is an ablation. Default and the paper: true.',
    ).default(true),
  },
  'How evaluators work.',
);

const warmUpSteps = integer(0, limits.steps, 'The value grows linearly up to this step. Default: 0.').default(0);

const shapeOfSchedule = z.discriminatedUnion(
  'kind',
  [
    object({ kind: tag('constant', 'The first value throughout.'), warmUpSteps }, 'No change but for the warm-up.'),
    object(
      {
        kind: tag('step', 'Multiplied at milestones.'),
        milestones: list(
          integer(1, limits.steps, 'A step.'),
          1,
          64,
          'steps',
          'Steps at which the value is multiplied with `factor`. The paper (ImageNet): epochs 30, 60 and 80 of 90.',
        ),
        factor: between(0, 1, 'Default and the paper: 0.1.').default(0.1),
        warmUpSteps,
      },
      'The recipe of ImageNet.',
    ),
    object(
      {
        kind: tag('cosine', 'Half a cosine down from the end of the warm-up to the last step.'),
        finalFactor: number(0, 1, 'Share of the first value that is left at the end. Default: 0.').default(0),
        warmUpSteps,
      },
      'Cosine annealing.',
    ),
  ],
  {
    error: (issue) =>
      issue.code === 'invalid_union'
        ? listOf(['constant', 'step', 'cosine'])
        : 'a shape (an object with `kind` constant, step or cosine) or an array of shapes',
  },
);

const segment = object(
  {
    fromStep: integer(0, limits.steps, 'First step, a multiple of `stepsPerRound`.'),
    toStep: integer(1, limits.steps, 'Where the next segment begins.'),
    hyperparameters: z.record(z.string(), z.union([finite('A number.'), choice], { error: 'a number or a string' }), {
      error: 'an object of values by name',
    }),
  },
  'What is trained with from one step to the next.',
);

const schedule = z.union(
  [
    list(
      segment,
      1,
      limits.segments,
      'segments',
      'A trace, as a finished run or `npm run schedule` tells it: every member trains with these values at these steps.',
    ),
    z
      .record(
        z.string(),
        z.union([shapeOfSchedule, list(shapeOfSchedule, 1, 16, 'shapes', 'Each member draws one.')], {
          error: 'a shape (an object with `kind` constant, step or cosine) or an array of shapes',
        }),
        {
          error: 'an object of shapes by hyperparameter, or an array of segments',
        },
      )
      .describe('By hyperparameter, what its first value is multiplied with as training goes on.'),
  ],
  { error: 'an object of shapes by hyperparameter, or an array of segments' },
);

const storage = object(
  {
    bucket: bucketName
      .describe('Bucket of the run: checkpoints, rounds, result. Default: fire-pbt.')
      .default('fire-pbt'),
    keepRounds: integer(2, 1000, 'Newest complete rounds whose checkpoints are kept. Default: 2.').default(2),
  },
  'Where and how long things are kept.',
);

const shape = object(
  {
    $schema: z.string({ error: 'a string' }).optional().describe('For editors; ignored.'),
    task,
    seed: integer(0, 2 ** 32 - 1, 'All randomness of the run follows from it. Default: 0.').default(0),
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
      'P1, which chases the objective, then P2 …, ranked by improvement rate. One alone is PBT.',
    ),
    evaluation: evaluation.prefault({}),
    smoothing: oneOf(
      ['fixed', 'estimated', 'none'],
      'Gaussian process that curves are smoothed with: a fixed one or one whose length-scale and noise are estimated; none is an ablation. Default: fixed.',
    ).default('fixed'),
    hyperparameters: z
      .record(z.string(), hyperparameter, { error: 'an object of hyperparameters by name' })
      .describe('Each hyperparameter by name: a constant, or a space to search.'),
    schedule: schedule
      .optional()
      .describe(
        'Random search, or the retrace of a schedule: members follow it and never copy one another. Default: none; schedules are found.',
      ),
    threads: integer(1, 256, 'Threads that a trainer computes with: digests hold for one number. Default: 1.').default(
      1,
    ),
    storage: storage.prefault({}),
  },
  'Specification of a FIRE PBT run.',
);

/** Schema of a whole specification; whether its histories fit is a rule of its own (budget.ts). */
export const specificationSchema = shape.superRefine(checkRules, { when: () => true }).transform(resolve);

/** A valid specification, defaults filled in. */
export type Specification = DeepReadonly<Omit<z.output<typeof specificationSchema>, 'hyperparameters'>> & {
  readonly hyperparameters: HyperparameterSpaces;
};

/** What is trained, discriminated on `kind`. */
export type TaskSpecification = Specification['task'];

/** What people write: a specification with defaults left out. */
export type SpecificationInput = z.input<typeof specificationSchema>;

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

/**
 * Returns the JSON Schema of what people write, for editors; rules between fields are beyond it. With `from`
 * (continuation.ts) or `run` (retracing.ts) the rest may be left out.
 */
export function specificationJsonSchema(): Record<string, unknown> {
  const { properties, required, ...rest } = z.toJSONSchema(shape, { io: 'input' });
  const from = {
    description:
      "An earlier run's folder, `<workflow id>/<first run id>`: go on from its newest round. Only `steps` and `storage` may differ from that run's.",
    type: 'string',
  };
  const run = {
    description:
      "A finished run's folder, for workflow type retrace: train its schedule afresh. Only `seed`, `storage` and `threads` may be given beside it.",
    type: 'string',
  };
  return {
    ...rest,
    properties: { from, run, ...properties },
    anyOf: [{ required }, { required: ['from'] }, { required: ['run'] }],
  };
}

/** Fills in the defaults that depend on other fields. */
function resolve({ $schema: _, ...valid }: z.output<typeof shape>) {
  const defaults = (taskHyperparameters(valid.task) ?? []).flatMap(({ name, default: value }) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return {
    ...valid,
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
