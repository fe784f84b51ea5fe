/**
 * Events and bytes of histories: what an activity, a signal or a child workflow adds to one.
 */

/** Events and bytes of a history. */
export interface Tally {
  readonly events: number;
  readonly bytes: number;
}

/**
 * Bytes of an event besides its payloads and workflow ids. Recorded histories have 60 to 230, with worker identities of
 * 6 characters.
 */
export const EVENT_BYTES = 320;
/** Bytes of the line that the Web UI shows for an activity. */
export const SUMMARY_BYTES = 120;
/** A workflow task: scheduled, started, completed. Recorded histories have 450 bytes. */
export const WORKFLOW_TASK: Tally = { events: 3, bytes: 750 };
export const NOTHING: Tally = { events: 0, bytes: 0 };

/** Returns what an activity adds, with the workflow task that its result causes. */
export function activity(inputBytes: number, resultBytes: number): Tally {
  return sum({ events: 3, bytes: 3 * EVENT_BYTES + SUMMARY_BYTES + inputBytes + resultBytes }, WORKFLOW_TASK);
}

/** Returns what sending a signal adds; `idBytes` is the length of the receiver's workflow id. */
export function sent(idBytes: number, bytes: number): Tally {
  return sum({ events: 2, bytes: 2 * (EVENT_BYTES + idBytes) + bytes }, WORKFLOW_TASK);
}

/** Returns what receiving a signal adds. */
export function received(bytes: number): Tally {
  return sum({ events: 1, bytes: EVENT_BYTES + bytes }, WORKFLOW_TASK);
}

/** Returns what a child workflow adds; `idBytes` is the length of its workflow id. */
export function child(idBytes: number, inputBytes: number): Tally {
  return sum(
    { events: 3, bytes: 3 * (EVENT_BYTES + idBytes) + SUMMARY_BYTES + inputBytes },
    WORKFLOW_TASK,
    WORKFLOW_TASK,
  );
}

/** Returns the sum of tallies. */
export function sum(...tallies: readonly Tally[]): Tally {
  return tallies.reduce(
    (total, { events, bytes }) => ({ events: total.events + events, bytes: total.bytes + bytes }),
    NOTHING,
  );
}

/** Returns a tally that occurs `count` times. */
export function times(count: number, { events, bytes }: Tally): Tally {
  return { events: count * events, bytes: count * bytes };
}
