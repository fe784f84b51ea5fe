/**
 * Replays histories with the workflows of a bundle, all with one worker, and finds the first event at which an
 * execution diverges. The SDK compares the kinds of commands; RecordedCommands compares their contents.
 */
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import type { InjectedSinks, ReplayHistoriesIterable, WorkflowBundleOption } from '@temporalio/worker';
import { PARTS_OF_RUNS, STARTED_WORKFLOWS } from '../../workflows/population/names.ts';
import type { RecordedExecution } from '../../activities/operations/executions.ts';
import type { CommandSinks } from './command-capture.ts';
import { RecordedCommands } from './recorded-commands.ts';
import type { CommandDifference } from './recorded-commands.ts';

export interface Divergence {
  readonly eventId: string;
  /** Event type as the Temporal CLI names it, for example `ActivityTaskScheduled`. */
  readonly eventType: string;
  /** One line: the path and both values, or the message of the SDK. */
  readonly reason: string;
}

type Replayable = Pick<RecordedExecution, 'workflowId' | 'history'>;
type Events = NonNullable<Replayable['history']['events']>;

const WORKFLOWS: readonly string[] = [...STARTED_WORKFLOWS, ...PARTS_OF_RUNS];
/** Maximal number of characters of a value in a message. */
const LONGEST_VALUE = 120;

/** Replays one history after the other. Call `close` to stop its worker. */
export class Replayer {
  #next: Replayable | undefined;
  #commands: RecordedCommands | undefined;
  readonly #results: ReturnType<typeof Worker.runReplayHistories>;

  /** @param workflowBundle made by `replayBundle` or `bundleForReplay`; other bundles pass out no commands */
  constructor(workflowBundle: WorkflowBundleOption) {
    installRuntime();
    const sinks: InjectedSinks<CommandSinks> = {
      replay: { commands: { fn: (_, commands) => this.#commands?.compare(commands), callDuringReplay: true } },
    };
    this.#results = Worker.runReplayHistories({ workflowBundle, sinks }, this.#requests());
  }

  /** Returns the first event at which the replayed code decides differently, or undefined if it decides the same. */
  async findDivergence({ workflowId, history }: Replayable): Promise<Divergence | undefined> {
    const events = history.events ?? [];
    const replay = (count: number): Promise<Error | undefined> =>
      this.#replay({ workflowId, history: { events: events.slice(0, count) } });
    // Before its first task is completed, a workflow has decided nothing, and the SDK cannot replay it.
    let good = events.findIndex(({ workflowTaskCompletedEventAttributes }) => workflowTaskCompletedEventAttributes);
    if (good < 0) return undefined;
    const type = events[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? '';
    // The workflow that stands in for unknown types would seem to decide differently.
    if (!WORKFLOWS.includes(type))
      return divergenceAt(events, good, `expected the workflow type to be one of ${WORKFLOWS.join(', ')}`);
    this.#commands = new RecordedCommands(events);
    let error = await replay(events.length);
    const { difference } = this.#commands;
    this.#commands = undefined;
    if (error === undefined)
      return difference && divergenceAt(events, difference.eventIndex, formatDifference(difference));
    // The SDK rarely names the event. It is the last event of the shortest prefix that diverges, found by bisection.
    let bad = events.length;
    while (bad - good > 1) {
      const middle = Math.floor((good + bad) / 2);
      const prefixError = await replay(middle);
      if (prefixError === undefined) good = middle;
      else [bad, error] = [middle, prefixError];
    }
    if (difference && difference.eventIndex < bad - 1)
      return divergenceAt(events, difference.eventIndex, formatDifference(difference));
    return divergenceAt(events, bad - 1, reasonOf(error));
  }

  async close(): Promise<void> {
    await this.#results.return?.();
  }

  async #replay(request: Replayable): Promise<Error | undefined> {
    this.#next = request;
    const result = await this.#results.next();
    if (result.done === true) throw new Error(`Cannot replay ${request.workflowId}: the worker has ended`);
    return result.value.error;
  }

  /** The worker requests a history only when the next result is requested. */
  async *#requests(): ReplayHistoriesIterable {
    while (this.#next) yield this.#next;
  }
}

let runtimeInstalled = false;

/** Installs the runtime once per process, also if there are several replayers. */
function installRuntime(): void {
  if (runtimeInstalled) return;
  runtimeInstalled = true;
  // The caller reports failures itself, so the SDK logs nothing. Signals end this process as usual.
  const logging = { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) };
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: { logging },
    shutdownSignals: [],
  });
}

function divergenceAt(events: Events, index: number, reason: string): Divergence {
  const event = events[index] ?? {};
  return { eventId: String(event.eventId ?? index + 1), eventType: eventTypeOf(event), reason };
}

function eventTypeOf(event: object): string {
  const attributes =
    Object.entries(event).find(([name, value]) => name.endsWith('EventAttributes') && value)?.[0] ?? 'unknown';
  return `${attributes.charAt(0).toUpperCase()}${attributes.slice(1)}`.replace(/EventAttributes$/, '');
}

function formatDifference({ name, path, recorded, replayed }: CommandDifference): string {
  return `\`${path}\` of ${name} is ${formatValue(replayed)}, recorded as ${formatValue(recorded)}`;
}

function formatValue(value: unknown): string {
  if (value === undefined) return 'absent';
  const text = JSON.stringify(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}

/** Returns the first line of the message. The SDK wraps the message of its core in a printed structure. */
function reasonOf({ message }: Error): string {
  const inner = /Failure \{ message: ("(?:[^"\\]|\\.)*")/.exec(message)?.[1];
  return (inner === undefined ? message : unquote(inner)).split('\n')[0] ?? '';
}

function unquote(text: string): string {
  // Rust escapes apostrophes, which JSON does not allow.
  return JSON.parse(text.replaceAll("\\'", "'")) as string;
}
