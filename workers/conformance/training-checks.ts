/** Checks of `train`: what it answers, that it repeats, and what it refuses. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { CHECKPOINT_FORMAT } from '../../activities/contracts/checkpoint.ts';
import type { TrainOutcome, TrainRequest } from '../../activities/contracts/training.ts';
import { ObjectStoreError } from '../../activities/storage/store-errors.ts';
import { checkpointKey } from '../../activities/storage/layout.ts';
import { decodeSafetensors } from '../../activities/storage/safetensors.ts';
import type { HyperparameterValues } from '../../workflows/algorithm/hyperparameters.ts';
import { allows } from '../../workflows/validation/hyperparameter-definition.ts';
import { type Check, type Definition, mustBeGiven, require, requireRefusal, type Subject } from './subject.ts';
import { NotTried, Violation } from './verdicts.ts';

const UNKNOWN_HYPERPARAMETER = 'aHyperparameterThatNoTaskHas';

export const TRAINING_CHECKS: readonly Check[] = [
  {
    title: 'trains a round, and stores a checkpoint in the folder whose bytes are as its reference says',
    run: async (subject) => requireStored(subject, await subject.first()),
  },
  {
    title: 'trains the same for the same request: the same checkpoint and scores',
    run: async (subject) => {
      const first = await subject.first();
      requireSame(await subject.train(subject.request()), first);
    },
  },
  {
    title: 'continues from a checkpoint, twice the same, and otherwise from another checkpoint',
    run: async (subject) => {
      const request = subject.after(await subject.first());
      const second = await subject.train(request);
      await requireStored(subject, second);
      requireSame(await subject.train(request), second);
      await requireContinued(subject, second);
    },
  },
  {
    title: 'uses the hyperparameters that it is asked for, and says so',
    run: async (subject) => {
      requireEffective(subject, await subject.first(), subject.hyperparameters);
      await requireEffect(subject);
    },
  },
  {
    title: 'refuses hyperparameters that are unknown, missing or out of range',
    run: async (subject) => {
      for (const [what, hyperparameters] of invalidHyperparameters(subject))
        await requireRefused(subject, { hyperparameters }, what, ['InvalidHyperparameters']);
    },
  },
];

/** @throws Violation unless the reference leads to bytes that it describes, and that are a checkpoint of its step */
async function requireStored({ options, description }: Subject, { checkpoint }: TrainOutcome): Promise<void> {
  const { objects, storage } = options;
  const { key, sha256, sizeBytes, step } = checkpoint;
  const wanted = checkpointKey(storage, sha256);
  require(key === wanted, `Expected key ${wanted}, got ${key}`);
  const bytes = await objects.get(storage.bucket, key).catch((error: unknown) => {
    if (error instanceof ObjectStoreError && error.trouble === 'missing-object')
      throw new Violation(`Expected the checkpoint at ${key}, got nothing`);
    throw error;
  });
  require(bytes.byteLength === sizeBytes, `Expected ${sizeBytes} bytes at ${key}, got ${bytes.byteLength}`);
  const found = createHash('sha256').update(bytes).digest('hex');
  require(found === sha256, `Expected bytes of SHA-256 ${sha256} at ${key}, got ${found}`);
  const metadata = metadataOf(key, bytes);
  const { kind } = description.task;
  for (const [name, value] of Object.entries({ format: CHECKPOINT_FORMAT, task: kind, step: String(step) }))
    require(metadata[name] === value, `Expected metadata \`${name}\` of ${value} at ${key}, got ${metadata[name]}`);
}

function metadataOf(key: string, bytes: Uint8Array): Readonly<Record<string, string>> {
  try {
    return decodeSafetensors(bytes).metadata;
  } catch (error) {
    throw new Violation(`Expected a safetensors file at ${key}: ${error instanceof Error ? error.message : ''}`);
  }
}

/**
 * Trains the second round from another checkpoint too, if there is one: of a first round with other hyperparameters.
 *
 * @throws Violation if both lead to the same
 */
async function requireContinued(subject: Subject, second: TrainOutcome): Promise<void> {
  for (const hyperparameters of changedHyperparameters(subject)) {
    const other = await subject.train(subject.request({ hyperparameters }));
    if (other.checkpoint.sha256 === (await subject.first()).checkpoint.sha256) continue;
    const { sha256 } = (await subject.train(subject.after(other))).checkpoint;
    require(sha256 !== second.checkpoint.sha256, `Expected another checkpoint from another one, got ${sha256} again`);
    return;
  }
}

/** @throws Violation unless both trained the same */
export function requireSame(again: TrainOutcome, first: TrainOutcome): void {
  const [now, before] = [again.checkpoint.sha256, first.checkpoint.sha256];
  require(now === before, `Expected the checkpoint of SHA-256 ${before} again, got ${now}`);
  require(isDeepStrictEqual(
    again.scores,
    first.scores,
  ), `Expected scores ${JSON.stringify(first.scores)} again, got ${JSON.stringify(again.scores)}`);
}

function requireEffective({ description }: Subject, outcome: TrainOutcome, asked: HyperparameterValues): void {
  const { effectiveHyperparameters: effective } = outcome;
  for (const { name, default: value } of description.hyperparameters) {
    const wanted = asked[name] ?? value;
    const found = effective[name];
    const same = found === wanted || (typeof wanted === 'number' && found === Math.fround(wanted));
    require(same, `Expected \`${name}\` in effect to be ${String(wanted)}, got ${String(found)}`);
  }
  const unknown = Object.keys(effective).find((name) => !description.hyperparameters.some((one) => one.name === name));
  require(unknown === undefined, `Expected only hyperparameters of the description in effect, got \`${unknown}\``);
}

/** @throws Violation if no hyperparameter has an effect on the training */
async function requireEffect(subject: Subject): Promise<void> {
  const first = await subject.first();
  const changed = changedHyperparameters(subject);
  if (changed.length === 0) throw new NotTried('no hyperparameter has two values');
  for (const other of changed) {
    const outcome = await subject.train(subject.request({ hyperparameters: other }));
    requireEffective(subject, outcome, other);
    if (outcome.checkpoint.sha256 !== first.checkpoint.sha256) return;
  }
  throw new Violation('Expected another checkpoint with other hyperparameters, got the same for each of them');
}

/** Returns values that differ from those that are trained with: in one hyperparameter each. */
function changedHyperparameters({ hyperparameters, description }: Subject): HyperparameterValues[] {
  return description.hyperparameters.flatMap((one) => {
    const value = otherValue(one, hyperparameters[one.name] ?? one.default);
    return value === undefined ? [] : [{ ...hyperparameters, [one.name]: value }];
  });
}

function otherValue(definition: Definition, value: unknown): number | string | undefined {
  const candidates =
    definition.kind === 'category'
      ? definition.choices
      : definition.kind === 'integer'
        ? [Number(value) + 1, Number(value) - 1]
        : [Number(value) / 2, Number(value) * 2, Number(value) + 0.01];
  return candidates.find((one) => one !== value && allows(definition, one));
}

type Invalid = readonly [what: string, values: HyperparameterValues];

function invalidHyperparameters({ hyperparameters, description }: Subject): Invalid[] {
  const invalid: Invalid[] = [['an unknown hyperparameter', { ...hyperparameters, [UNKNOWN_HYPERPARAMETER]: 1 }]];
  const missing = description.hyperparameters.find(mustBeGiven)?.name;
  if (missing !== undefined) {
    const left = Object.entries(hyperparameters).filter(([name]) => name !== missing);
    invalid.push([`a missing hyperparameter \`${missing}\``, Object.fromEntries(left)]);
  }
  for (const definition of description.hyperparameters) {
    const { name } = definition;
    const value = valueBeyond(definition);
    if (value !== undefined) invalid.push([`\`${name}\` of ${value}`, { ...hyperparameters, [name]: value }]);
  }
  return invalid;
}

function valueBeyond(definition: Definition): number | string | undefined {
  if (definition.kind === 'category') return 'a-choice-that-nobody-has';
  if (definition.kind === 'integer') return definition.maximum + 1;
  const { minimum, above, maximum, below } = definition;
  const [low, high] = [minimum ?? above, maximum ?? below];
  return low !== undefined ? low - 1 : high !== undefined ? high + 1 : undefined;
}

/** @throws Violation unless the changed request is refused for good */
export async function requireRefused(
  subject: Subject,
  changes: Partial<TrainRequest>,
  what: string,
  types: readonly string[],
): Promise<void> {
  const asked = await subject.begin(subject.request(changes));
  requireRefusal(await asked.answer(), what, types);
}
