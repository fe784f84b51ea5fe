/**
 * Settings of reinforcement learning: the environment, the recipe, the networks, what the score is.
 */
import { z } from 'zod';
import { report } from '../../../workflows/validation/draft.ts';
import { flag, integer, list, number, object, oneOf, tag, text } from '../../../workflows/validation/fields.ts';
import type { HyperparameterDefinition } from '../../contracts/task.ts';
import { ENVIRONMENTS } from '../environments/shipped.ts';

const MOST_ENVIRONMENTS = 4096;
const MOST_ROLLOUT = 4096;
const LARGEST_WIDTH = 4096;
const MOST_EPISODES = 1000;
const PATH_CHARACTERS = 4096;

const RECIPES = ['small-budget', 'paper'] as const;
const DUALS = ['solved', 'learned'] as const;
const REWARD_SCALES = ['deviation', 'pop-art'] as const;
const SCORES = ['training', 'evaluation'] as const;

/** What a recipe sets unless the settings say otherwise. */
interface Recipe {
  readonly environments: number;
  readonly rollout: number;
  readonly epochs: number;
  readonly minibatch: number;
  readonly targetEvery: number;
  readonly hidden: readonly number[];
  readonly layerNorm: boolean;
  readonly initialDeviation: number;
  readonly leastDeviation: number;
  readonly duals: (typeof DUALS)[number];
  readonly normaliseObservations: boolean;
  readonly normaliseAdvantages: boolean;
  readonly rewardScale: number | (typeof REWARD_SCALES)[number];
}

const RECIPE_SETTINGS: Readonly<Record<(typeof RECIPES)[number], Recipe>> = {
  'small-budget': {
    environments: 32,
    rollout: 16,
    epochs: 10,
    minibatch: 128,
    targetEvery: 1,
    hidden: [128, 128],
    layerNorm: false,
    initialDeviation: 0.2,
    leastDeviation: 0.08,
    duals: 'solved',
    normaliseObservations: true,
    normaliseAdvantages: true,
    rewardScale: 'deviation',
  },
  paper: {
    environments: 64,
    rollout: 40,
    epochs: 1,
    minibatch: 2560,
    targetEvery: 100,
    hidden: [256, 256],
    layerNorm: true,
    initialDeviation: 1,
    leastDeviation: 0.0001,
    duals: 'learned',
    normaliseObservations: false,
    normaliseAdvantages: false,
    rewardScale: 'pop-art',
  },
};

interface RecipeHyperparameters {
  readonly learningRate: number;
  readonly epsilonEta: number;
  readonly epsilonMu: number;
  readonly epsilonSigma: number;
  readonly lambda: number;
}

const RECIPE_HYPERPARAMETERS: Readonly<Record<(typeof RECIPES)[number], RecipeHyperparameters>> = {
  'small-budget': { learningRate: 3e-4, epsilonEta: 0.1, epsilonMu: 0.002, epsilonSigma: 1e-5, lambda: 0.95 },
  paper: { learningRate: 1e-4, epsilonEta: 0.01, epsilonMu: 0.007, epsilonSigma: 1e-5, lambda: 1 },
};

const shape = object(
  {
    environment: z
      .union(
        [
          oneOf(ENVIRONMENTS, 'An environment that ships.'),
          object(
            {
              kind: tag('module', 'A module of your own.'),
              path: text(
                1,
                PATH_CHARACTERS,
                'A file whose default export is the environment. A relative path begins at the working directory of ' +
                  'the trainers.',
              ),
            },
            'An environment of your own.',
          ),
        ],
        { error: `one of ${ENVIRONMENTS.map((name) => `\`${name}\``).join(', ')}, or {"kind": "module", "path": …}` },
      )
      .describe('What the agent learns in.'),
    recipe: oneOf(
      RECIPES,
      'What the settings below and the hyperparameters are if they are left out: `small-budget` learns within some ' +
        "100,000 steps of an environment; `paper` has V-MPO's own settings, as far as they are known. " +
        'Default: small-budget.',
    ).default('small-budget'),
    environments: integer(1, MOST_ENVIRONMENTS, 'Environments side by side. Default: 32 (paper: 64).').optional(),
    rollout: integer(
      1,
      MOST_ROLLOUT,
      'Steps of each environment in a training step. Default: 16 (paper: 40).',
    ).optional(),
    epochs: integer(1, 1000, 'How often a training step goes through its batch. Default: 10 (paper: 1).').optional(),
    minibatch: integer(
      2,
      MOST_ENVIRONMENTS * MOST_ROLLOUT,
      'Samples of an update: a divisor of environments × rollout. Default: 128 (paper: 2560).',
    ).optional(),
    targetEvery: integer(
      1,
      1_000_000,
      'Training steps after which the target policy, which acts, becomes the trained one. Default: 1 (paper: 100).',
    ).optional(),
    hidden: list(
      integer(1, LARGEST_WIDTH, 'Units of a layer.'),
      1,
      8,
      'layer widths',
      'Units of each hidden layer of the policy, and of the critic. Default: [128, 128] (paper: [256, 256]).',
    ).optional(),
    layerNorm: flag(
      'Whether the first hidden layer is normalised before its activation. Default: false (paper: true).',
    ).optional(),
    initialDeviation: number(
      1e-4,
      10,
      'Standard deviation of the actions at the start; 1 is half the range of an action. Default: 0.2 (paper: 1).',
    ).optional(),
    leastDeviation: number(1e-4, 10, 'The deviation stays above it. Default: 0.08 (paper: 1e-4).').optional(),
    duals: oneOf(
      DUALS,
      'solved: each update solves for the temperature, and controls the multipliers of the KL divergence; ' +
        'learned: both follow their gradients. Default: solved (paper: learned).',
    ).optional(),
    normaliseObservations: flag(
      'Whether observations are standardised by what was seen so far. Default: true (paper: false).',
    ).optional(),
    normaliseAdvantages: flag(
      'Whether advantages are standardised in each batch. Default: true (paper: false).',
    ).optional(),
    rewardScale: z
      .union([number(1e-12, 1e12, 'A factor.'), oneOf(REWARD_SCALES, 'By what was seen so far.')], {
        error: 'a number from 1e-12 to 1e12, `deviation` or `pop-art`',
      })
      .describe(
        'Factor of rewards for the critic; deviation: divided by the deviation of discounted returns; pop-art: the ' +
          'critic learns standardised returns. Default: deviation (paper: pop-art).',
      )
      .optional(),
    score: oneOf(
      SCORES,
      'training: mean return of the newest episodes of the policy that acts; evaluation: mean return of episodes by ' +
        'its mean action, the same ones for all workers. Default: training.',
    ).default('training'),
    scoreEpisodes: integer(1, MOST_EPISODES, 'Newest episodes that the score `training` counts. Default: 50.').default(
      50,
    ),
    evaluationEpisodes: integer(
      1,
      MOST_EPISODES,
      'Episodes of the score `evaluation`, and of the final report. Default: 10.',
    ).default(10),
  },
  'Train an agent.',
);

/** Schema of the settings. */
export const settings = shape
  .transform(({ recipe, ...given }) => ({ recipe, ...RECIPE_SETTINGS[recipe], ...withoutUndefined(given) }))
  .superRefine(({ environments, rollout, minibatch, initialDeviation, leastDeviation }, context) => {
    const samples = environments * rollout;
    if (samples % minibatch !== 0)
      report(context, ['minibatch'], `a divisor of environments × rollout (${samples})`, { got: String(minibatch) });
    if (leastDeviation > initialDeviation)
      report(context, ['leastDeviation'], `at most \`task.initialDeviation\` (${initialDeviation})`, {
        got: String(leastDeviation),
      });
  });

/** The settings, defaults filled in. */
export type ReinforcementLearning = z.output<typeof settings>;

/** Returns the hyperparameters of an agent with these settings. */
export function hyperparametersOf({ recipe, rollout }: ReinforcementLearning): readonly HyperparameterDefinition[] {
  const defaults = RECIPE_HYPERPARAMETERS[recipe];
  const above = (name: keyof RecipeHyperparameters, description: string): HyperparameterDefinition => ({
    kind: 'number',
    name,
    description: `${description} Default: ${defaults[name]}.`,
    above: 0,
    default: defaults[name],
  });
  return [
    above('learningRate', 'Learning rate of Adam.'),
    above('epsilonEta', 'Bound ε_η: how far the weights of the best samples may be from equal.'),
    above('epsilonMu', "Bound ε_μ: KL divergence that the policy's means may move from the target's."),
    above('epsilonSigma', "Bound ε_Σ: KL divergence that the policy's deviations may move from the target's."),
    {
      kind: 'number',
      name: 'discount',
      description: 'γ: what a reward is worth one step later. Default: 0.99.',
      minimum: 0,
      below: 1,
      default: 0.99,
    },
    {
      kind: 'number',
      name: 'lambda',
      description: `λ of generalised advantage estimation; 1: n-step returns. Default: ${defaults.lambda}.`,
      minimum: 0,
      maximum: 1,
      default: defaults.lambda,
    },
    {
      kind: 'integer',
      name: 'unroll',
      description: `Steps after which all returns bootstrap. Default: the setting \`rollout\`, ${rollout}.`,
      minimum: 1,
      maximum: rollout,
      default: rollout,
    },
  ];
}

type Given<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

function withoutUndefined<T extends object>(given: T): Given<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Given<T>;
}
