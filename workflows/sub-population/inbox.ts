/**
 * Messages that arrived and were not consumed yet, at most one per sender and round. Messages of earlier rounds are
 * dropped; messages of later rounds wait.
 */
import { condition } from '@temporalio/workflow';
import type { MessageKey } from '../../activities/contracts/messages.ts';

/** Adds a message, unless its sender has sent one for that round before. */
export function deliver<M extends MessageKey>(inbox: M[], message: M): void {
  if (!inbox.some((one) => one.round === message.round && one.sender === message.sender)) inbox.push(message);
}

/** Waits for `senders` messages of the round, and takes them. Drops the messages of earlier rounds. */
export async function takeRound<M extends MessageKey>(inbox: M[], round: number, senders = 1): Promise<M[]> {
  await condition(() => inbox.filter((one) => one.round === round).length >= senders);
  const taken = inbox.filter((one) => one.round === round);
  inbox.splice(0, inbox.length, ...inbox.filter((one) => one.round > round));
  return taken;
}
