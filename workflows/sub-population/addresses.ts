/**
 * The messages of a sub-population to its root, its neighbours and its evaluators.
 */
import { getExternalWorkflowHandle } from '@temporalio/workflow';
import type { ExternalWorkflowHandle } from '@temporalio/workflow';
import type { HoldNotice, Instruction, MessageKey, SubPopulationSummary } from '../../activities/contracts/messages.ts';
import type { RoundReference } from '../../activities/contracts/run.ts';
import {
  finishSignal,
  holdSignal,
  instructSignal,
  neighbourNewsSignal,
  promotionsSignal,
  roundCompletedSignal,
} from '../messages.ts';
import type { Promotion, RoundEvent } from '../population/events.ts';
import { childWorkflowId, evaluatorName, subPopulationName } from '../population/names.ts';
import type { Run } from '../run/activities.ts';
import { unlessEnded } from '../run/delivery.ts';

/** Sends the messages of P`level`. */
export class Addresses {
  readonly #run: Run;
  readonly #level: number;

  constructor(run: Run, level: number) {
    this.#run = run;
    this.#level = level;
  }

  /** Sends P(i+1) the events of a round, and the reference of the record of the round before. */
  async notifyAbove(round: number, events: readonly RoundEvent[], recorded: RoundReference | null): Promise<void> {
    const news = { ...this.#key(round), events, recorded };
    await this.#subPopulation(this.#level + 1).signal(neighbourNewsSignal, news);
  }

  /** Notifies P(i+1), if it still runs, that the run has ended, as news of the round that it waits for. */
  async notifyAboveOfEnd(
    round: number,
    end: Extract<RoundEvent, { kind: 'ended' }>,
    recorded: RoundReference | null,
  ): Promise<void> {
    await unlessEnded(this.#subPopulation(this.#level + 1).workflowId, this.notifyAbove(round, [end], recorded));
  }

  /**
   * Sends P(i−1) the promotions of a round. In the round in which the operator ends the run, P(i−1) does not wait for
   * promotions, and may have ended.
   */
  async promote(
    round: number,
    promotions: readonly Promotion[],
    summaries: readonly SubPopulationSummary[],
  ): Promise<void> {
    const batch = { ...this.#key(round), promotions, summaries };
    const below = this.#subPopulation(this.#level - 1);
    await unlessEnded(below.workflowId, below.signal(promotionsSignal, batch));
  }

  /** Notifies the root that a round is recorded, and how many rounds there will be. */
  async reportRound(round: number, rounds: number, summaries: readonly SubPopulationSummary[]): Promise<void> {
    await this.#root().signal(roundCompletedSignal, { ...this.#key(round), rounds, summaries });
  }

  /** Notifies the root of all holds; without reasons, there is none any more. */
  async publishHolds(round: number, told: Pick<HoldNotice, 'reasons' | 'more'>): Promise<void> {
    await this.#root().signal(holdSignal, { ...this.#key(round), ...told });
  }

  /** Sends an evaluator its last verdict and what to train next. */
  async instruct(round: number, slot: number, instruction: Pick<Instruction, 'judged' | 'train'>): Promise<void> {
    await this.#evaluator(slot).signal(instructSignal, { ...this.#key(round), ...instruction });
  }

  /** Notifies all evaluators that the run is over. */
  async finishEvaluators(round: number, evaluators: number): Promise<void> {
    const slots = Array.from({ length: evaluators }, (_, slot) => slot);
    await Promise.all(slots.map((slot) => this.#evaluator(slot).signal(finishSignal, this.#key(round))));
  }

  #root(): ExternalWorkflowHandle {
    return getExternalWorkflowHandle(this.#run.workflowId);
  }

  #subPopulation(level: number): ExternalWorkflowHandle {
    return getExternalWorkflowHandle(childWorkflowId(this.#run.workflowId, subPopulationName(level)));
  }

  #evaluator(slot: number): ExternalWorkflowHandle {
    return getExternalWorkflowHandle(childWorkflowId(this.#run.workflowId, evaluatorName(this.#level, slot)));
  }

  #key(round: number): MessageKey {
    return { generation: this.#run.generation, round, sender: subPopulationName(this.#level) };
  }
}
