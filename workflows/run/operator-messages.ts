/**
 * What may be asked of a run by hand: each function returns what is wrong with a message, or undefined where it can be
 * followed.
 *
 * Pure, so that update validators (which must be synchronous) and signal handlers (which must never throw) can both use
 * them.
 */
import type { HyperparameterSpace, HyperparameterValue } from '../algorithm/hyperparameters.ts';
import type { Specification } from '../../activities/specification/specification.ts';

/** A reason must be given, and not a novel: it goes into the run's record. */
const REASON_CHARACTERS = 500;

/** Checks a pause. */
export function validatePause(message: unknown): string | undefined {
  return unknownFields(message, ['reason']) ?? validateReason(message);
}

function validateReason(message: unknown): string | undefined {
  const { reason } = fields(message);
  if (typeof reason === 'string' && reason.trim() !== '' && reason.length <= REASON_CHARACTERS) return undefined;
  return `Expected \`reason\` to be a text of 1 to ${REASON_CHARACTERS} characters, got \`${show(reason)}\``;
}

/** Checks a StopEarly. */
export function validateStop(specification: Specification, message: unknown): string | undefined {
  const { subPopulation, member, evaluator } = fields(message);
  const unknown = unknownFields(message, ['reason', 'subPopulation', 'member', 'evaluator']);
  if (unknown) return unknown;
  if (member !== undefined && evaluator !== undefined) return 'Expected one of `member` and `evaluator`, got both';
  if (subPopulation === undefined) {
    if (member !== undefined || evaluator !== undefined)
      return 'Expected `subPopulation` beside `member` or `evaluator`, got none';
    return validateReason(message);
  }
  const level = validateSubPopulation(specification, subPopulation);
  if (level) return level;
  const sizes = specification.subPopulations[Number(subPopulation) - 1];
  if (member !== undefined) return validateIndex('member', member, sizes?.members ?? 0) ?? validateReason(message);
  if (evaluator !== undefined)
    return validateIndex('evaluator', evaluator, sizes?.evaluators ?? 0) ?? validateReason(message);
  return validateReason(message);
}

/** Checks a SetHyperparameters: known names, values of the right kind, within their bounds. */
export function validateHyperparameters(specification: Specification, message: unknown): string | undefined {
  const { subPopulation, member, hyperparameters } = fields(message);
  const unknown = unknownFields(message, ['subPopulation', 'member', 'hyperparameters', 'reason']);
  if (unknown) return unknown;
  const level = validateSubPopulation(specification, subPopulation);
  if (level) return level;
  const index = validateIndex('member', member, specification.subPopulations[Number(subPopulation) - 1]?.members ?? 0);
  if (index) return index;
  if (
    typeof hyperparameters !== 'object' ||
    hyperparameters === null ||
    Array.isArray(hyperparameters) ||
    Object.keys(hyperparameters).length === 0
  ) {
    return `Expected \`hyperparameters\` to be an object with at least one value, got \`${show(hyperparameters)}\``;
  }
  for (const [name, value] of Object.entries(hyperparameters)) {
    const wrong = validateValue(specification, name, value);
    if (wrong) return wrong;
  }
  return validateReason(message);
}

/** Checks an extension: `rounds` is what the run has now, `maxRounds` what its histories bear. */
export function validateExtension(
  specification: Specification,
  message: unknown,
  completedRound: number,
  rounds: number,
  maxRounds = Number.MAX_SAFE_INTEGER,
): string | undefined {
  const { steps } = fields(message);
  const { stepsPerRound, subPopulations } = specification;
  const unknown = unknownFields(message, ['steps']);
  if (unknown) return unknown;
  if (
    typeof steps !== 'number' ||
    !Number.isSafeInteger(steps) ||
    steps % stepsPerRound !== 0 ||
    steps <= rounds * stepsPerRound
  ) {
    return (
      `Expected \`steps\` to be a multiple of stepsPerRound (${stepsPerRound}) above the present ` +
      `${rounds * stepsPerRound}, got \`${show(steps)}\``
    );
  }
  if (steps / stepsPerRound > maxRounds)
    return (
      `Expected \`steps\` to be at most ${maxRounds * stepsPerRound} (${maxRounds} rounds, as many as its ` +
      `histories and curves bear), got \`${show(steps)}\``
    );
  if (completedRound + subPopulations.length >= rounds) {
    return (
      `Cannot extend the run: round ${completedRound} of ${rounds} is complete, so its last round may have ` +
      'begun. Start a new run from its rounds instead'
    );
  }
  return undefined;
}

function validateSubPopulation({ subPopulations }: Specification, value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= subPopulations.length)
    return undefined;
  return `Expected \`subPopulation\` to be an integer from 1 to ${subPopulations.length}, got \`${show(value)}\``;
}

function validateIndex(name: string, value: unknown, count: number): string | undefined {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < count) return undefined;
  return count === 0
    ? `Expected no \`${name}\`: the sub-population has none, got \`${show(value)}\``
    : `Expected \`${name}\` to be an integer from 0 to ${count - 1}, got \`${show(value)}\``;
}

function validateValue({ hyperparameters }: Specification, name: string, value: unknown): string | undefined {
  const path = `hyperparameters.${name}`;
  if (!Object.hasOwn(hyperparameters, name))
    return `Expected \`${path}\` to be one of ${Object.keys(hyperparameters).join(', ')}: the run has no other`;
  const space = hyperparameters[name];
  if (space === undefined || typeof space !== 'object')
    return `Expected \`${path}\` to be left alone: it is constant in this run`;
  return admits(space, value) ? undefined : `Expected \`${path}\` to be ${rule(space)}, got \`${show(value)}\``;
}

function admits(space: HyperparameterSpace, value: unknown): value is HyperparameterValue {
  if (space.kind === 'category') return typeof value === 'string' && space.choices.includes(value);
  const [low, high] = space.bounds;
  return (
    typeof value === 'number' && value >= low && value <= high && (space.kind === 'float' || Number.isInteger(value))
  );
}

function rule(space: HyperparameterSpace): string {
  if (space.kind === 'category') return `one of ${space.choices.join(', ')}`;
  return `${space.kind === 'integer' ? 'an integer' : 'a number'} from ${space.bounds[0]} to ${space.bounds[1]}`;
}

function unknownFields(message: unknown, known: readonly string[]): string | undefined {
  if (typeof message !== 'object' || message === null || Array.isArray(message))
    return `Expected one JSON object with ${known.join(', ')}, got \`${show(message)}\``;
  const unknown = Object.keys(message).filter((key) => !known.includes(key));
  return unknown.length > 0
    ? `Expected only ${known.join(', ')}, got \`${unknown.join(', ').slice(0, 100)}\` too`
    : undefined;
}

function fields(message: unknown): Readonly<Record<string, unknown>> {
  return typeof message === 'object' && message !== null ? (message as Record<string, unknown>) : {};
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 100);
}
