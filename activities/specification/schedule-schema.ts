/**
 * Schema of schedules: shapes by hyperparameter, or the trace of another run.
 */
import { z } from 'zod';
import { between, finite, integer, list, listOf, number, object, tag } from '../../workflows/validation/fields.ts';
import { choice } from './hyperparameter-schema.ts';
import { limits } from './limits.ts';

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

/** A schedule that members follow. */
export const schedule = z.union(
  [
    list(
      segment,
      1,
      limits.segments,
      'segments',
      'A trace, as a finished run or `npm run schedule` prints it: every member trains with these values at ' +
        'these steps.',
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
