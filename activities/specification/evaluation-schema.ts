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
      'Steps over which the binomial test grows strict; an evaluation without overlap ends after them. ' +
        'Default: three rounds. The paper: 7200 of 2400 a round.',
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
      "When exploit replaces an evaluation's child: `end` ends the evaluation; `follow` goes on against the " +
        "member whose copy took the child's place. Default and the paper: end.",
    ).default('end'),
    against: oneOf(
      ['child', 'anyone'],
      'Whom an evaluator may succeed against, and promote: its child alone, or any member of the ' +
        'sub-population below. Default and the paper: child.',
    ).default('child'),
    stopping: oneOf(
      ['binomial-test', 'fixed-length'],
      '`fixed-length` (an ablation): no test; the gap decides after `maxEvalSteps`. Default and the paper: ' +
        'binomial-test.',
    ).default('binomial-test'),
    shifts: flag(
      'Whether a curve that lies entirely above another is shifted down to be compared. False is an ' +
        'ablation. Default and the paper: true.',
    ).default(true),
    ranking: oneOf(
      ['improvement', 'score'],
      'What P2 and above are ranked by; `score` (an ablation): the newest score, as P1. Default and the ' +
        'paper: improvement.',
    ).default('improvement'),
    promotes: flag(
      'Whether an evaluator that succeeds gives its weights to its child. False is an ablation. Default and ' +
        'the paper: true.',
    ).default(true),
  },
  'How evaluators work.',
);
