/**
 * Schemas of what trainers take and answer when they train and report: docs/trainer-contract.schema.json is made from
 * them, and the conformance suite validates with them.
 */
import { z } from 'zod';
import { limits } from '../specification/limits.ts';
import type { CheckpointReference } from './checkpoint.ts';
import { taskSpecification } from './task-schema.ts';
import type { ReportOutcome, ReportRequest, TrainOutcome, TrainRequest } from './training.ts';

const LARGEST_SEED = 2 ** 32 - 1;

const key = z.string().min(1).max(1_024);
const step = z.int().min(0);
const threads = z.int().min(1).max(limits.threads).describe('Threads to compute with.');
const seed = z.int().min(0).max(LARGEST_SEED).describe("The specification's seed.");
const storage = z
  .strictObject({ bucket: z.string().min(1), folder: z.string().min(1) })
  .describe('The folder of the run. All keys of its objects begin with it and a slash.');

const checkpointReference: z.ZodType<CheckpointReference> = z
  .strictObject({
    key: key.describe('The whole key in the bucket.'),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    sizeBytes: z.int().positive(),
    step: step.describe('Training steps that led to it.'),
  })
  .describe('One checkpoint, addressed by the SHA-256 of its bytes.');

const hyperparameters = z
  .record(z.string(), z.union([z.number(), z.string()]))
  .describe('A number for each number and integer, a name for each category.');

const score = z
  .union([z.number(), z.literal('diverged')])
  .describe('A finite number, higher is better; `diverged` for NaN and the infinities.');

const workerName = z
  .strictObject({
    subPopulation: z.int().min(1).describe('P1 is 1.'),
    kind: z.enum(['member', 'evaluator']),
    index: z.int().min(0),
  })
  .describe('Who trains.');

/** What `train` takes. */
export const trainRequest: z.ZodType<TrainRequest> = z.strictObject({
  storage,
  task: taskSpecification,
  seed: seed.describe("The specification's seed. With worker and step it determines everything that is random."),
  threads,
  worker: workerName,
  checkpoint: checkpointReference.nullable().describe('What to continue from; null: begin afresh, at step 0.'),
  fromStep: step,
  toStep: step,
  evalEvery: z.int().min(1).describe('Steps between measurements; divides toStep − fromStep.'),
  hyperparameters,
});

/** What `train` answers. */
export const trainOutcome: z.ZodType<TrainOutcome> = z.strictObject({
  checkpoint: checkpointReference,
  scores: z.array(score).min(1).describe('One a measurement: at fromStep + evalEvery, …, toStep.'),
  effectiveHyperparameters: hyperparameters.describe('What the optimiser used: what was asked, and the defaults.'),
  trainerSeconds: z.number().nonnegative().describe('Wall-clock seconds: a cost, never an input to a decision.'),
});

/** What `report` takes. */
export const reportRequest: z.ZodType<ReportRequest> = z.strictObject({
  storage,
  task: taskSpecification,
  seed,
  threads,
  checkpoint: checkpointReference,
  hyperparameters: hyperparameters.describe('Those that the checkpoint was last trained with.'),
});

/** What `report` answers. */
export const reportOutcome: z.ZodType<ReportOutcome> = z.strictObject({
  testScore: score.describe('On data that no decision has seen; for tasks without such data, the score.'),
  untouchedScore: score.exactOptional().describe('On a held-out part that nothing else uses, if there is one.'),
  files: z.array(key).min(1).describe('Keys written under `result/` of the folder.'),
});
