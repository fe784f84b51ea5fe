/**
 * Schema of the settings of evaluators, with the switches of the ablations.
 */
import { between, flag, integer, object, oneOf } from '../../workflows/validation/fields.ts';
import { limits } from './limits.ts';

/** How evaluators work. */
export const evaluation = object(
  {
    maxEvalSteps: integer(
      1,
      limits.steps,
      'Number of steps over which the threshold of the binomial test falls to `significance`; an evaluation without ' +
        'overlap ends after them. Default: three rounds. The paper: 7200, with 2400 per round.',
    ).optional(),
    minStepsBeforeEval: integer(
      0,
      limits.steps,
      'No evaluator is assigned in rounds that start before this step. Default: one round.',
    ).optional(),
    order: oneOf(
      ['oldest-first', 'youngest-first'],
      'Which members are evaluated first, by age since their last evaluation. Default and the paper: oldest-first.',
    ).default('oldest-first'),
    significance: between(
      0,
      1,
      'Significance level of the binomial test, and final threshold for stopping. Default and the paper: 0.01.',
    ).default(0.01),
    patience: integer(
      0,
      limits.steps,
      'Steps for which a member of P2 and above is evaluated before exploit may replace it. Default and the paper: 0.',
    ).default(0),
    childReplaced: oneOf(
      ['end', 'follow'],
      'What happens if exploit replaces the child: `end` ends the evaluation; `follow` continues it against the ' +
        'member that the child copied. Default and the paper: end.',
    ).default('end'),
    against: oneOf(
      ['child', 'anyone'],
      'Which members an evaluator may succeed against and promote: only its child, or any member of the ' +
        'sub-population below. Default and the paper: child.',
    ).default('child'),
    stopping: oneOf(
      ['binomial-test', 'fixed-length'],
      'What ends an evaluation; `fixed-length` (an ablation) has no test, and the gap decides after `maxEvalSteps`. ' +
        'Default and the paper: binomial-test.',
    ).default('binomial-test'),
    shifts: flag(
      'Whether a curve that lies entirely above another is shifted down for the comparison. False is an ablation. ' +
        'Default and the paper: true.',
    ).default(true),
    ranking: oneOf(
      ['improvement', 'score'],
      'Ranking of P2 and above; `score` (an ablation): by the newest score, as in P1. Default and the paper: ' +
        'improvement.',
    ).default('improvement'),
    promotes: flag(
      'Whether a successful evaluator gives its weights to its child. False is an ablation. Default and the paper: ' +
        'true.',
    ).default(true),
  },
  'Settings of the evaluators.',
);
