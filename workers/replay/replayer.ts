/**
 * Replays histories against the code at hand, all with one worker, and finds the event where one diverges.
 */
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import type { ReplayHistoriesIterable, WorkflowBundleOption } from '@temporalio/worker';
import type { RecordedExecution } from '../../activities/operations/executions.ts';

export interface Divergence {
  readonly eventId: string;
  /** As the Temporal CLI names it: `ActivityTaskScheduled`. */
  readonly eventType: string;
  /** The SDK's, in one line. */
  readonly reason: string;
}

type Replayable = Pick<RecordedExecution, 'workflowId' | 'history'>;

/** Replays one history after the other; `close` ends its worker. One a process. */
export class Replayer {
  #next: Replayable | undefined;
  readonly #results: ReturnType<typeof Worker.runReplayHistories>;

  constructor(workflowBundle: WorkflowBundleOption) {
    // What fails is told by who asked, in one line. Signals end this process as they end any.
    const logging = { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) };
    Runtime.install({
      logger: new DefaultLogger('ERROR', () => undefined),
      telemetryOptions: { logging },
      shutdownSignals: [],
    });
    this.#results = Worker.runReplayHistories({ workflowBundle }, this.#asked());
  }

  /** Returns where the code at hand decides otherwise than the history says, or undefined where it decides the same. */
  async divergence({ workflowId, history }: Replayable): Promise<Divergence | undefined> {
    const events = history.events ?? [];
    const replay = (count: number): Promise<Error | undefined> =>
      this.#replay({ workflowId, history: { events: events.slice(0, count) } });
    // Before its first task is completed a workflow has decided nothing, and the SDK has nothing to replay.
    let good = events.findIndex(({ workflowTaskCompletedEventAttributes }) => workflowTaskCompletedEventAttributes);
    if (good < 0) return undefined;
    let error = await replay(events.length);
    if (error === undefined) return undefined;
    // The SDK rarely says at which event: it is the last of the shortest beginning that diverges.
    let bad = events.length;
    while (bad - good > 1) {
      const middle = Math.floor((good + bad) / 2);
      const there = await replay(middle);
      if (there === undefined) good = middle;
      else [bad, error] = [middle, there];
    }
    const event = events[bad - 1] ?? {};
    return { eventId: String(event.eventId ?? bad), eventType: typeOf(event), reason: reasonOf(error) };
  }

  async close(): Promise<void> {
    await this.#results.return?.();
  }

  async #replay(asked: Replayable): Promise<Error | undefined> {
    this.#next = asked;
    const result = await this.#results.next();
    if (result.done === true) throw new Error(`Cannot replay ${asked.workflowId}: the worker has ended`);
    return result.value.error;
  }

  /** The worker takes the next only when it is asked for the next result. */
  async *#asked(): ReplayHistoriesIterable {
    while (this.#next) yield this.#next;
  }
}

function typeOf(event: object): string {
  const attributes =
    Object.entries(event).find(([name, value]) => name.endsWith('EventAttributes') && value)?.[0] ?? 'unknown';
  return `${attributes.charAt(0).toUpperCase()}${attributes.slice(1)}`.replace(/EventAttributes$/, '');
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
