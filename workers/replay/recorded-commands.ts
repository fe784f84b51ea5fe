/**
 * Compares the commands of a replay with those of the recorded history.
 *
 * The SDK's replay compares only the kinds of commands and some names. This module compares their contents. A command
 * and its event have the same key: activities and timers their id, the others their number among commands of that kind.
 */
import { defaultPayloadConverter } from '@temporalio/common';
import type { Payload } from '@temporalio/common';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import Long from 'long';
import type { Command } from './command-capture.ts';
import { findDifference } from './difference.ts';
import type { Difference } from './difference.ts';

type HistoryEvent = NonNullable<History['events']>[number];
type Failure = NonNullable<NonNullable<HistoryEvent['workflowExecutionFailedEventAttributes']>['failure']>;
type SearchAttributes = NonNullable<HistoryEvent['upsertWorkflowSearchAttributesEventAttributes']>['searchAttributes'];
type Duration = NonNullable<HistoryEvent['timerStartedEventAttributes']>['startToFireTimeout'];

/** The content of a command, in the same form for a command and for its event. */
interface Content {
  readonly kind: 'activity' | 'timer' | 'child' | 'signal' | 'update' | 'search attributes' | 'memo' | 'end';
  /** Undefined if the commands of this kind are numbered. */
  readonly id?: string;
  /** Name in messages: the type of an activity, the name of a signal. */
  readonly name: string;
  readonly value: unknown;
}

export interface CommandDifference extends Difference {
  /** Index of the recorded event, from 0. */
  readonly eventIndex: number;
  /** Name of the recorded command. */
  readonly name: string;
}

/** Receives the commands of a replay in their order, and remembers the first difference from the recorded ones. */
export class RecordedCommands {
  readonly #recorded = new Map<string, Content & { readonly eventIndex: number }>();
  readonly #replayed = new Map<Content['kind'], number>();
  #difference: CommandDifference | undefined;

  constructor(events: readonly HistoryEvent[]) {
    const numbers = new Map<Content['kind'], number>();
    for (const [eventIndex, event] of events.entries()) {
      const content = contentOfEvent(event, events);
      if (content) this.#recorded.set(keyOf(content, numbers), { ...content, eventIndex });
    }
  }

  get difference(): CommandDifference | undefined {
    return this.#difference;
  }

  /** Compares the commands of one activation. The SDK reports commands that the history does not have. */
  compare(commands: readonly Command[]): void {
    for (const command of withoutCancelled(commands)) {
      const content = contentOfCommand(command);
      const recorded = content && this.#recorded.get(keyOf(content, this.#replayed));
      const difference = recorded && findDifference(recorded.value, content.value);
      if (difference && (this.#difference === undefined || recorded.eventIndex < this.#difference.eventIndex))
        this.#difference = { ...difference, eventIndex: recorded.eventIndex, name: recorded.name };
    }
  }
}

function keyOf({ kind, id }: Content, numbers: Map<Content['kind'], number>): string {
  if (id !== undefined) return `${kind} ${id}`;
  const number = numbers.get(kind) ?? 0;
  numbers.set(kind, number + 1);
  return `${kind} ${number}`;
}

/** Drops signals and children that the same activation cancels: they are never sent and have no event. */
function withoutCancelled(commands: readonly Command[]): readonly Command[] {
  const signals = commands.flatMap(({ cancelSignalWorkflow: one }) => (one ? [one.seq] : []));
  const children = commands.flatMap(({ cancelChildWorkflowExecution: one }) => (one ? [one.childWorkflowSeq] : []));
  return commands.filter(
    ({ signalExternalWorkflowExecution: signal, startChildWorkflowExecution: child }) =>
      !(signal && signals.includes(signal.seq)) && !(child && children.includes(child.seq)),
  );
}

function contentOfCommand(command: Command): Content | undefined {
  if (command.scheduleActivity) {
    const { seq, activityId, activityType, arguments: input } = command.scheduleActivity;
    return activity(activityId ?? String(seq), activityType, input);
  }
  if (command.startTimer) return timer(String(command.startTimer.seq), command.startTimer.startToFireTimeout);
  if (command.startChildWorkflowExecution) {
    const { workflowId, workflowType, input, memo, searchAttributes } = command.startChildWorkflowExecution;
    return child(workflowId, workflowType, input, memo, searchAttributes);
  }
  if (command.signalExternalWorkflowExecution) {
    const { workflowExecution, childWorkflowId, signalName, args } = command.signalExternalWorkflowExecution;
    return signal(childWorkflowId ?? workflowExecution?.workflowId, signalName, args);
  }
  if (command.upsertWorkflowSearchAttributes)
    return searchAttributesOf(command.upsertWorkflowSearchAttributes.searchAttributes);
  if (command.modifyWorkflowProperties) return memoOf(command.modifyWorkflowProperties.upsertedMemo?.fields);
  if (command.updateResponse) {
    const { protocolInstanceId, completed, rejected } = command.updateResponse;
    return completed || rejected ? update(protocolInstanceId, completed, rejected) : undefined;
  }
  return endOfCommand(command);
}

function endOfCommand(command: Command): Content | undefined {
  if (command.completeWorkflowExecution) {
    const { result } = command.completeWorkflowExecution;
    return end('complete', { result: valueOf(result) });
  }
  if (command.failWorkflowExecution) return end('fail', { failure: failureOf(command.failWorkflowExecution.failure) });
  if (command.continueAsNewWorkflowExecution) {
    const { workflowType, arguments: input } = command.continueAsNewWorkflowExecution;
    return end('continue as new', { workflowType, input: valuesOf(input) });
  }
  return undefined;
}

function contentOfEvent(event: HistoryEvent, events: readonly HistoryEvent[]): Content | undefined {
  if (event.activityTaskScheduledEventAttributes) {
    const { activityId, activityType, input } = event.activityTaskScheduledEventAttributes;
    return activity(activityId, activityType?.name, input?.payloads);
  }
  if (event.timerStartedEventAttributes) {
    const { timerId, startToFireTimeout } = event.timerStartedEventAttributes;
    return timer(timerId, startToFireTimeout);
  }
  if (event.startChildWorkflowExecutionInitiatedEventAttributes) {
    const started = event.startChildWorkflowExecutionInitiatedEventAttributes;
    const { workflowId, workflowType, input, memo, searchAttributes } = started;
    return child(workflowId, workflowType?.name, input?.payloads, memo?.fields, searchAttributes);
  }
  if (event.signalExternalWorkflowExecutionInitiatedEventAttributes) {
    const { workflowExecution, signalName, input } = event.signalExternalWorkflowExecutionInitiatedEventAttributes;
    return signal(workflowExecution?.workflowId, signalName, input?.payloads);
  }
  if (event.upsertWorkflowSearchAttributesEventAttributes)
    return searchAttributesOf(event.upsertWorkflowSearchAttributesEventAttributes.searchAttributes);
  if (event.workflowPropertiesModifiedEventAttributes)
    return memoOf(event.workflowPropertiesModifiedEventAttributes.upsertedMemo?.fields);
  if (event.workflowExecutionUpdateCompletedEventAttributes) {
    const { acceptedEventId, outcome } = event.workflowExecutionUpdateCompletedEventAttributes;
    const accepted = events.find(({ eventId }) => String(eventId) === String(acceptedEventId));
    const id = accepted?.workflowExecutionUpdateAcceptedEventAttributes?.protocolInstanceId;
    return update(id, outcome?.success?.payloads?.[0], outcome?.failure);
  }
  return endOfEvent(event);
}

function endOfEvent(event: HistoryEvent): Content | undefined {
  if (event.workflowExecutionCompletedEventAttributes) {
    const { result } = event.workflowExecutionCompletedEventAttributes;
    return end('complete', { result: valueOf(result?.payloads?.[0]) });
  }
  if (event.workflowExecutionFailedEventAttributes)
    return end('fail', { failure: failureOf(event.workflowExecutionFailedEventAttributes.failure) });
  if (event.workflowExecutionContinuedAsNewEventAttributes) {
    const { workflowType, input } = event.workflowExecutionContinuedAsNewEventAttributes;
    return end('continue as new', { workflowType: workflowType?.name, input: valuesOf(input?.payloads) });
  }
  return undefined;
}

type Payloads = readonly Payload[] | null | undefined;
type Fields = Readonly<Record<string, Payload>> | null | undefined;
type Text = string | null | undefined;

function activity(id: Text, type: Text, input: Payloads): Content {
  return { kind: 'activity', id: id ?? '', name: type ?? '', value: { activityType: type, input: valuesOf(input) } };
}

function timer(id: Text, duration: Duration): Content {
  const seconds = Long.fromValue(duration?.seconds ?? 0).toNumber() + (duration?.nanos ?? 0) / 1e9;
  return { kind: 'timer', id: id ?? '', name: 'timer', value: { seconds } };
}

function child(workflowId: Text, workflowType: Text, input: Payloads, memo: Fields, found: SearchAttributes): Content {
  const value = {
    workflowId,
    workflowType,
    input: valuesOf(input),
    memo: fieldsOf(memo),
    searchAttributes: fieldsOf(found?.indexedFields),
  };
  return { kind: 'child', name: workflowType ?? '', value };
}

function signal(workflowId: Text, signalName: Text, input: Payloads): Content {
  return { kind: 'signal', name: signalName ?? '', value: { workflowId, signalName, input: valuesOf(input) } };
}

function update(id: Text, success: Payload | null | undefined, failure: Failure | null | undefined): Content {
  const value = failure ? { failure: failureOf(failure) } : { result: valueOf(success) };
  return { kind: 'update', id: id ?? '', name: 'update', value };
}

/** Ignores the attribute that lists patches: the SDK sets it without a command of the workflow. */
function searchAttributesOf(attributes: SearchAttributes): Content | undefined {
  const value = fieldsOf(attributes?.indexedFields);
  if (Object.hasOwn(value, 'TemporalChangeVersion')) return undefined;
  return { kind: 'search attributes', name: 'search attributes', value };
}

function memoOf(fields: Fields): Content {
  return { kind: 'memo', name: 'memo', value: fieldsOf(fields) };
}

function end(name: string, value: unknown): Content {
  return { kind: 'end', id: name, name, value };
}

/** Returns the message, type, details and cause of a failure, without stack traces: lines of code may move. */
function failureOf(failure: Failure | null | undefined): unknown {
  if (!failure) return undefined;
  const { message, applicationFailureInfo: info, cause } = failure;
  // Histories in JSON omit empty strings.
  return {
    message: message ?? '',
    type: info?.type ?? '',
    details: valuesOf(info?.details?.payloads),
    cause: failureOf(cause),
  };
}

function fieldsOf(fields: Fields): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields ?? {}).map(([name, payload]) => [name, valueOf(payload)]));
}

function valuesOf(payloads: Payloads): unknown[] {
  return (payloads ?? []).map(valueOf);
}

function valueOf(payload: Payload | null | undefined): unknown {
  return payload ? defaultPayloadConverter.fromPayload(payload) : undefined;
}
