/**
 * Messages that have arrived and were not consumed yet: at most one per sender and round, older rounds dropped, later
 * ones kept.
 */
import { condition } from '@temporalio/workflow';
import type { MessageKey } from '../../activities/contracts/messages.ts';

/** Adds a message unless its sender already sent one for that round. */
export function deliver<M extends MessageKey>(inbox: M[], message: M): void {
  if (!inbox.some((one) => one.round === message.round && one.sender === message.sender)) inbox.push(message);
}

/** Waits until `senders` messages of the round are there, takes them out and drops those of earlier rounds. */
export async function takeRound<M extends MessageKey>(inbox: M[], round: number, senders = 1): Promise<M[]> {
  await condition(() => inbox.filter((one) => one.round === round).length >= senders);
  const taken = inbox.filter((one) => one.round === round);
  inbox.splice(0, inbox.length, ...inbox.filter((one) => one.round > round));
  return taken;
}
