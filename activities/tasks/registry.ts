/**
 * The tasks that a process can train, by kind: the shipped ones and those that users bring register the same way.
 */
import { isDeepStrictEqual } from 'node:util';
import type {
  DescribedTask,
  DescribeRequest,
  TaskComplaint,
  TaskDescription,
  TaskSpecification,
} from '../contracts/task.ts';
import { taskDescription } from '../contracts/task-schema.ts';
import { complaintsOf, expected, foundAt, parse, valueText } from '../../workflows/validation/complaints.ts';
import { defaultRule } from '../../workflows/validation/default-rules.ts';
import { listOf } from '../../workflows/validation/fields.ts';
import type { TaskDefinition } from './define-task.ts';
import type { Task } from './task.ts';

/** Rule for the kind of a task. */
const KIND = /^[a-z][a-z0-9-]{0,59}$/;

/** Two tasks of one kind, or a definition that cannot be used; the message is one line. */
export class InvalidDefinition extends Error {
  override readonly name = 'InvalidDefinition';
}

/** What a specification asks for, and the task that has it. */
type Found =
  | { readonly definition: TaskDefinition; readonly settings: unknown; readonly task: TaskSpecification }
  | { readonly complaints: readonly TaskComplaint[] };

/** Tasks by kind. */
export class TaskRegistry {
  readonly #definitions = new Map<string, TaskDefinition>();

  /** @throws InvalidDefinition if two definitions have one kind, or a kind is no name */
  constructor(definitions: readonly TaskDefinition[]) {
    for (const definition of definitions) {
      const { kind } = definition;
      requireDefinition(definition);
      if (this.#definitions.has(kind)) throw new InvalidDefinition(`Cannot have two tasks of kind ${kind}`);
      this.#definitions.set(kind, definition);
    }
  }

  /** Kinds, in the order of registration. */
  get kinds(): readonly string[] {
    return [...this.#definitions.keys()];
  }

  /**
   * Returns the description of a task, or every error in its settings.
   *
   * @throws InvalidDefinition if the schema changes what it has accepted before, or the description is none
   */
  readonly describe = ({ task: given }: DescribeRequest): DescribedTask => {
    const found = this.#find(given);
    if ('complaints' in found) return found;
    const { definition, settings, task } = found;
    const again = this.#find(JSON.parse(JSON.stringify(task)) as TaskSpecification);
    if (!('task' in again) || !isDeepStrictEqual(again.task, task))
      throw new InvalidDefinition(
        `Cannot use task ${task.kind}: its schema of settings does not accept unchanged, as JSON, what it returned`,
      );
    const label = definition.label?.(settings);
    const description: TaskDescription = {
      task,
      label: label === undefined ? task.kind : `${task.kind}/${label}`,
      hyperparameters: definition.hyperparameters(settings),
      checkpointBytes: definition.checkpointBytes?.(settings) ?? null,
      score: scoreOf(definition, settings),
    };
    const checked = parse(taskDescription, description, 'description');
    if ('complaints' in checked)
      throw new InvalidDefinition(`Cannot use task ${task.kind}: ${checked.complaints.join('; ')}`);
    return { description };
  };

  /** Looks at what a task's settings name, such as files. Returns every error; none if there is no such task. */
  async check(given: TaskSpecification, dataDirectory: string): Promise<readonly TaskComplaint[]> {
    const found = this.#find(given);
    if ('complaints' in found) return [];
    const complaints = (await found.definition.check?.(found.settings, { dataDirectory })) ?? [];
    return complaints.map(({ path, ...complaint }) => ({ path: ['task', ...path], ...complaint }));
  }

  /**
   * Returns the task that a specification names; loads nothing yet.
   *
   * @throws InvalidSettings if there is none of its kind, or it refuses the settings
   */
  task(given: TaskSpecification): Task {
    const found = this.#find(given);
    if ('complaints' in found) throw new InvalidSettings(given, found.complaints);
    const { definition, settings } = found;
    return {
      kind: definition.kind,
      score: scoreOf(definition, settings),
      hyperparameters: definition.hyperparameters(settings),
      open: async (context) => definition.open(settings, context),
    };
  }

  get #kindRule(): string {
    return `${listOf(this.kinds)} (others: start trainers with \`--tasks FILE\`)`;
  }

  #find({ kind, ...given }: TaskSpecification): Found {
    const definition = this.#definitions.get(kind);
    if (definition === undefined) return { complaints: [{ path: ['task', 'kind'], rule: this.#kindRule }] };
    const parsed = definition.settings.safeParse(given, { error: defaultRule });
    if (parsed.success) {
      const settings = parsed.data;
      return { definition, settings, task: { kind, ...(settings as object) } };
    }
    return {
      complaints: complaintsOf(parsed.error.issues).map(({ path, ...complaint }) => ({
        path: ['task', ...path.map((key) => (typeof key === 'number' ? key : String(key)))],
        ...complaint,
      })),
    };
  }
}

/** An author's definition may come from JavaScript: no compiler has seen it. */
function requireDefinition({ kind, settings, hyperparameters, open }: Partial<TaskDefinition>): void {
  if (typeof kind !== 'string' || !KIND.test(kind))
    throw new InvalidDefinition(
      'Expected the kind of a task to be 1 to 60 lower-case letters, digits and hyphens, a letter first, ' +
        `got ${valueText(kind)}`,
    );
  const rules = [
    ['settings', 'a zod schema (`z.strictObject({ … })`)', typeof settings?.safeParse === 'function'],
    ['hyperparameters', 'a function', typeof hyperparameters === 'function'],
    ['open', 'a function', typeof open === 'function'],
  ] as const;
  const broken = rules.find(([, , holds]) => !holds);
  if (broken) throw new InvalidDefinition(`Expected \`${broken[0]}\` of task ${kind} to be ${broken[1]}`);
}

function scoreOf(definition: TaskDefinition, settings: unknown): string {
  return definition.score?.(settings) ?? 'score';
}

/** Settings that a task refuses, or a kind that nobody has: every error, one a line. */
export class InvalidSettings extends Error {
  override readonly name = 'InvalidSettings';
  readonly complaints: readonly TaskComplaint[];

  constructor(task: TaskSpecification, complaints: readonly TaskComplaint[]) {
    super(tellComplaints({ task }, complaints));
    this.complaints = complaints;
  }
}

/** Returns complaints about what a trainer was asked, one a line. */
export function tellComplaints(asked: Partial<DescribeRequest>, complaints: readonly TaskComplaint[]): string {
  return complaints.map(({ path, rule, got }) => expected(path, rule, got ?? foundAt(asked, path))).join('\n');
}
