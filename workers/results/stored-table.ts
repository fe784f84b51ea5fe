/**
 * Reads stored tables: `docs/results/NAME.json`, each an unchanged copy of the `comparison.json` of a comparison.
 *
 * All statistics are computed from the runs. The reader ignores other parts of the file, including its own summary.
 */
import { z } from 'zod';
import { UserError, reasonOf } from '../processes/user-error.ts';

export const TABLE_FORMAT = 'fire-pbt-comparison/1';

/** The name of a table is a file name, so it must not contain a path. */
export const TABLE_NAME = /^[\w-][\w.-]{0,99}$/;

const SCORE = z.union([z.number(), z.literal('diverged')]);
const COUNT = z.number().nonnegative();

/** Number of members and evaluators together. */
const WORKERS = z
  .object({ members: COUNT, evaluators: COUNT })
  .transform(({ members, evaluators }) => members + evaluators);

/** Entry k of each list belongs to round k + 1. Null: no member had a finite score. */
const CURVE = z.object({ workerSteps: z.array(COUNT), bestScores: z.array(SCORE.nullable()) });

const COSTS = z
  .object({
    memberSteps: COUNT,
    evaluatorSteps: COUNT,
    trainerSeconds: COUNT,
    /** Zero for a simulated run, whose checkpoints stay in memory. */
    checkpoints: z.object({ writtenBytes: COUNT, readBytes: COUNT }),
    /** Null without evaluators. */
    thrownAwayShare: z.number().nullable(),
    /** Evaluations by the reason for which they ended. */
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
    /** `random-search` means that the members followed the hand-made schedule. */
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
  /** The arms in the order of the runs. The others are compared with the first one. */
  readonly arms: readonly string[];
  /** `accuracy`: differences are written in points (hundredths). `score`: they are written unchanged. */
  readonly scored: 'accuracy' | 'score';
  /** Number of runs that the input specifies and the table lacks, because the comparison was not done. */
  readonly missing: number;
}

/**
 * Reads a table from its text.
 *
 * @throws UserError naming the `source` of the text and the first error
 */
export function parseTable(name: string, text: string, source: string): StoredTable {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UserError(`Expected ${source} to be JSON: ${reasonOf(error)}`, { cause: error });
  }
  const parsed = TABLE.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new UserError(
      `Expected ${source} to be a comparison (${TABLE_FORMAT}): \`${issue?.path.join('.') ?? ''}\`: ` +
        `${issue?.message ?? ''}`,
      { cause: parsed.error },
    );
  }
  const { runs, input } = parsed.data;
  const duplicate = runs.find(
    ({ arm, seed }, index) => runs.findIndex((run) => run.arm === arm && run.seed === seed) !== index,
  );
  if (duplicate !== undefined)
    throw new UserError(
      `Expected ${source} to have one run for each arm and seed, got two of ${duplicate.arm}, seed ${duplicate.seed}`,
    );
  const kinds = Object.values(input?.arms ?? {}).map(taskKind);
  const expected = Object.keys(input?.arms ?? {}).length * (input?.seeds?.length ?? 0);
  return {
    name,
    runs,
    arms: [...new Set(runs.map(({ arm }) => arm))],
    scored: kinds.every((kind) => kind === 'image-classification') ? 'accuracy' : 'score',
    missing: Math.max(0, expected - runs.length),
  };
}

/**
 * Returns the runs of an arm in the order of their seeds.
 *
 * @throws UserError if the table has no such arm
 */
export function runsOf({ name, runs, arms }: StoredTable, arm: string): readonly StoredRun[] {
  const found = runs.filter((run) => run.arm === arm);
  if (found.length === 0) throw new UserError(`Expected an arm of ${name} (${arms.join(', ')}), got \`${arm}\``);
  return found.sort((a, b) => a.seed - b.seed);
}

/** Tells whether the members of the arm followed the hand-made schedule. */
export function isHandMade(table: StoredTable, arm: string): boolean {
  return runsOf(table, arm).every(({ algorithm }) => algorithm === 'random-search');
}

/** Returns the points of a curve. All rounds have the same length, and the last one ends at the last step. */
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
