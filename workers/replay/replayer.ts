/**
 * Replays histories with the workflows of a bundle, all with one worker, and finds the first event at which one
 * diverges: by the SDK, which compares the kinds of commands, and by their contents.
 */
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import type { InjectedSinks, ReplayHistoriesIterable, WorkflowBundleOption } from '@temporalio/worker';
import type { RecordedExecution } from '../../activities/operations/executions.ts';
import type { CommandSinks } from './command-capture.ts';
import { RecordedCommands } from './recorded-commands.ts';
import type { CommandDifference } from './recorded-commands.ts';

export interface Divergence {
  readonly eventId: string;
  /** As the Temporal CLI names it: `ActivityTaskScheduled`. */
  readonly eventType: string;
  /** In one line: the path and both values, or what the SDK says. */
  readonly reason: string;
}

type Replayable = Pick<RecordedExecution, 'workflowId' | 'history'>;
type Events = NonNullable<Replayable['history']['events']>;

/** Characters of a value in a message. */
const LONGEST_VALUE = 120;

/** Replays one history after the other; `close` ends its worker. */
export class Replayer {
  #next: Replayable | undefined;
  #commands: RecordedCommands | undefined;
  readonly #results: ReturnType<typeof Worker.runReplayHistories>;

  /** @param workflowBundle made by `replayBundle` or `bundleForReplay`: another hands out no commands */
  constructor(workflowBundle: WorkflowBundleOption) {
    installRuntime();
    const sinks: InjectedSinks<CommandSinks> = {
      replay: { commands: { fn: (_, commands) => this.#commands?.compare(commands), callDuringReplay: true } },
    };
    this.#results = Worker.runReplayHistories({ workflowBundle, sinks }, this.#requests());
  }

  /** Returns the first event at which the replayed code decides otherwise, or undefined if it decides the same. */
  async divergence({ workflowId, history }: Replayable): Promise<Divergence | undefined> {
    const events = history.events ?? [];
    const replay = (count: number): Promise<Error | undefined> =>
      this.#replay({ workflowId, history: { events: events.slice(0, count) } });
    // Before its first task is completed a workflow has decided nothing, and the SDK has nothing to replay.
    let good = events.findIndex(({ workflowTaskCompletedEventAttributes }) => workflowTaskCompletedEventAttributes);
    if (good < 0) return undefined;
    this.#commands = new RecordedCommands(events);
    let error = await replay(events.length);
    const { difference } = this.#commands;
    this.#commands = undefined;
    if (error === undefined) return difference && divergenceOf(events, difference.eventIndex, describe(difference));
    // The SDK rarely says at which event: it is the last of the shortest beginning that diverges.
    let bad = events.length;
    while (bad - good > 1) {
      const middle = Math.floor((good + bad) / 2);
      const there = await replay(middle);
      if (there === undefined) good = middle;
      else [bad, error] = [middle, there];
    }
    if (difference && difference.eventIndex < bad - 1)
      return divergenceOf(events, difference.eventIndex, describe(difference));
    return divergenceOf(events, bad - 1, reasonOf(error));
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

  /** The worker takes the next only when it is asked for the next result. */
  async *#requests(): ReplayHistoriesIterable {
    while (this.#next) yield this.#next;
  }
}

let runtimeInstalled = false;

/** A process has one runtime, whatever number of replayers. */
function installRuntime(): void {
  if (runtimeInstalled) return;
  runtimeInstalled = true;
  // The caller reports failures, in one line. Signals end this process as they end any.
  const logging = { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) };
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: { logging },
    shutdownSignals: [],
  });
}

function divergenceOf(events: Events, index: number, reason: string): Divergence {
  const event = events[index] ?? {};
  return { eventId: String(event.eventId ?? index + 1), eventType: typeOf(event), reason };
}

function typeOf(event: object): string {
  const attributes =
    Object.entries(event).find(([name, value]) => name.endsWith('EventAttributes') && value)?.[0] ?? 'unknown';
  return `${attributes.charAt(0).toUpperCase()}${attributes.slice(1)}`.replace(/EventAttributes$/, '');
}

function describe({ name, path, recorded, replayed }: CommandDifference): string {
  return `\`${path}\` of ${name} is ${shown(replayed)}, recorded as ${shown(recorded)}`;
}

function shown(value: unknown): string {
  if (value === undefined) return 'absent';
  const text = JSON.stringify(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}

/** The SDK wraps what its core says in a printed structure: the message within, its first line. */
function reasonOf({ message }: Error): string {
  const within = /Failure \{ message: ("(?:[^"\\]|\\.)*")/.exec(message)?.[1];
  return (within === undefined ? message : unquoted(within)).split('\n')[0] ?? '';
}

function unquoted(text: string): string {
  // Rust escapes an apostrophe, which JSON does not know.
  return JSON.parse(text.replaceAll("\\'", "'")) as string;
}
