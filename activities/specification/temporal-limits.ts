/**
 * What Temporal accepts by default (docs.temporal.io, "Temporal Cloud limits"; server 1.32).
 */
import type { Tally } from './tally.ts';

/** Bounds of histories, payloads and messages. */
export const TEMPORAL_LIMITS = {
  /** Of one history: beyond these the server ends the workflow. */
  events: 51_200,
  bytes: 50 * 1024 * 1024,
  /** At which the server suggests to continue as new. */
  suggestedEvents: 4_096,
  suggestedBytes: 4 * 1024 * 1024,
  /** Of one argument or result. */
  payloadBytes: 2 * 1024 * 1024,
  /** Of one gRPC message, such as all commands of a workflow task. */
  messageBytes: 4 * 1024 * 1024,
} as const;

/** Part of each history that is kept free for messages of the operator, holds, and what a reset repeats. */
export const RESERVE: Tally = { events: 4_096, bytes: 4 * 1024 * 1024 };
