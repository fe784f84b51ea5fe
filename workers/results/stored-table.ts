/**
 * Stored tables: `docs/results/NAME.json`, each the `comparison.json` that a comparison left in its bucket, whole and
 * unrounded.
 *
 * What the page does not use is passed over, the file's own summary included: every statistic is computed from the
 * runs.
 */
import { z } from 'zod';
import { UserError, reasonOf } from '../processes/user-error.ts';

export const TABLE_FORMAT = 'fire-pbt-comparison/1';

/** A table's name is a file's: nothing that leads elsewhere. */
export const TABLE_NAME = /^[\w-][\w.-]{0,99}$/;

const SCORE = z.union([z.number(), z.literal('diverged')]);
const COUNT = z.number().nonnegative();

/** Members and evaluators together. */
const WORKERS = z
  .object({ members: COUNT, evaluators: COUNT })
  .transform(({ members, evaluators }) => members + evaluators);

/** Entry k of each list is of round k + 1; null: nobody had a finite score. */
const CURVE = z.object({ workerSteps: z.array(COUNT), bestScores: z.array(SCORE.nullable()) });

const COSTS = z
  .object({
    memberSteps: COUNT,
    evaluatorSteps: COUNT,
    trainerSeconds: COUNT,
    /** None where a run was simulated: its checkpoints stayed in memory. */
    checkpoints: z.object({ writtenBytes: COUNT, readBytes: COUNT }),
    /** Null without evaluators. */
    thrownAwayShare: z.number().nullable(),
    /** By the reason for which evaluations ended. */
    evaluations: z.record(z.string(), z.object({ count: COUNT, steps: COUNT, neverMet: COUNT.optional() })),
  })
  .transform(({ checkpoints, ...costs }) => ({
    ...costs,
    bytesWritten: checkpoints.writtenBytes || undefined,
    bytesRead: checkpoints.readBytes || undefined,
  }));

const RUN = z
  .object({
    arm: z.string(),
    seed: z.int(),
    /** `random-search`: under the hand-made schedule. */
    algorithm: z.string(),
    workers: WORKERS,
    steps: COUNT,
    objective: SCORE,
    testScore: SCORE,
    untouchedScore: SCORE.optional(),
    promotions: z.array(COUNT),
    schedule: z.array(
      z.object({
        fromStep: COUNT,
        toStep: COUNT,
        hyperparameters: z.record(z.string(), z.union([z.number(), z.string()])),
      }),
    ),
    curve: CURVE,
    costs: COSTS,
    retrace: z.object({ testScore: SCORE, objective: SCORE }).optional(),
  })
  .transform(({ curve, ...run }) => ({ ...run, curve: pointsOf(curve, run.steps) }));

const TABLE = z.object({
  format: z.literal(TABLE_FORMAT),
  input: z
    .object({ arms: z.record(z.string(), z.unknown()).optional(), seeds: z.array(z.int()).optional() })
    .optional(),
  runs: z.array(RUN).min(1),
});

export type StoredRun = z.infer<typeof RUN>;

export interface StoredTable {
  readonly name: string;
  readonly runs: readonly StoredRun[];
  /** In the order of the runs; the first is the one that the others are compared with. */
  readonly arms: readonly string[];
  /** `accuracy`: differences of scores are told in points, hundredths of it; of the toys' scores as they are. */
  readonly scored: 'accuracy' | 'score';
  /** Runs that were asked for and are not in it: it was stored before its comparison was done. */
  readonly missing: number;
}

/**
 * Reads a table from its text.
 *
 * @throws UserError naming `where` the text is from, with the first thing that is wrong
 */
export function parseTable(name: string, text: string, where: string): StoredTable {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UserError(`Expected ${where} to be JSON: ${reasonOf(error)}`, { cause: error });
  }
  const parsed = TABLE.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new UserError(
      `Expected ${where} to be a comparison (${TABLE_FORMAT}): \`${issue?.path.join('.') ?? ''}\`: ` +
        `${issue?.message ?? ''}`,
      { cause: parsed.error },
    );
  }
  const { runs, input } = parsed.data;
  const twice = runs.find(
    ({ arm, seed }, index) => runs.findIndex((run) => run.arm === arm && run.seed === seed) !== index,
  );
  if (twice !== undefined)
    throw new UserError(
      `Expected ${where} to have one run for each arm and seed, got two of ${twice.arm}, seed ${twice.seed}`,
    );
  const toys = Object.values(input?.arms ?? {}).some((arm) => taskKind(arm) === 'toy');
  const asked = Object.keys(input?.arms ?? {}).length * (input?.seeds?.length ?? 0);
  return {
    name,
    runs,
    arms: [...new Set(runs.map(({ arm }) => arm))],
    scored: toys ? 'score' : 'accuracy',
    missing: Math.max(0, asked - runs.length),
  };
}

/**
 * Returns the runs of an arm in the order of their seeds.
 *
 * @throws UserError where the table has no such arm
 */
export function runsOf({ name, runs, arms }: StoredTable, arm: string): readonly StoredRun[] {
  const found = runs.filter((run) => run.arm === arm);
  if (found.length === 0) throw new UserError(`Expected an arm of ${name} (${arms.join(', ')}), got \`${arm}\``);
  return found.sort((a, b) => a.seed - b.seed);
}

/** Whether the arm ran under the hand-made schedule. */
export function isHandMade(table: StoredTable, arm: string): boolean {
  return runsOf(table, arm).every(({ algorithm }) => algorithm === 'random-search');
}

/** Rounds are equally long: the last ends with the last step. */
function pointsOf(
  {
    workerSteps,
    bestScores,
  }: { readonly workerSteps: readonly number[]; readonly bestScores: readonly (number | 'diverged' | null)[] },
  steps: number,
) {
  return bestScores.map((score, index) => ({
    step: (steps / bestScores.length) * (index + 1),
    score,
    trainedSteps: workerSteps[index] ?? 0,
  }));
}

function taskKind(specification: unknown): unknown {
  const task: unknown =
    typeof specification === 'object' && specification !== null && 'task' in specification
      ? specification.task
      : undefined;
  return typeof task === 'object' && task !== null && 'kind' in task ? task.kind : undefined;
}
