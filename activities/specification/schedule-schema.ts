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
    object({ kind: tag('constant', 'The first value in all rounds.'), warmUpSteps }, 'No change after the warm-up.'),
    object(
      {
        kind: tag('step', 'The value is multiplied at milestones.'),
        milestones: list(
          integer(1, limits.steps, 'A step.'),
          1,
          64,
          'steps',
          'Steps at which the value is multiplied by `factor`. The paper (ImageNet): epochs 30, 60 and 80 of 90.',
        ),
        factor: between(0, 1, 'Factor of each milestone. Default and the paper: 0.1.').default(0.1),
        warmUpSteps,
      },
      'A step schedule, as is usual for ImageNet.',
    ),
    object(
      {
        kind: tag('cosine', 'Half a period of a cosine, from the end of the warm-up to the last step.'),
        finalFactor: number(0, 1, 'Final value as a share of the first value. Default: 0.').default(0),
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
    toStep: integer(1, limits.steps, 'First step of the next segment.'),
    hyperparameters: z
      .record(z.string(), z.union([finite('A number.'), choice], { error: 'a number or a string' }), {
        error: 'an object of values by name',
      })
      .describe('All hyperparameters that are searched. Others keep their constant or default if they are left out.'),
  },
  'The values of hyperparameters between two steps.',
);

/** Schema of a schedule for all members. */
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
        z.union([shapeOfSchedule, list(shapeOfSchedule, 1, 16, 'shapes', 'Shapes of which each member draws one.')], {
          error: 'a shape (an object with `kind` constant, step or cosine) or an array of shapes',
        }),
        {
          error: 'an object of shapes by hyperparameter, or an array of segments',
        },
      )
      .describe('By hyperparameter, the factors that multiply its first value during training.'),
  ],
  { error: 'an object of shapes by hyperparameter, or an array of segments' },
);
