/**
 * What a sub-population sends to its root, its neighbours and its evaluators.
 */
import { getExternalWorkflowHandle } from '@temporalio/workflow';
import type { ExternalWorkflowHandle } from '@temporalio/workflow';
import type { Instruction, MessageKey, SubPopulationSummary } from '../../activities/contracts/messages.ts';
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

/** Sends what P`level` has to say after a round. */
export class Addresses {
  readonly #run: Run;
  readonly #level: number;

  constructor(run: Run, level: number) {
    this.#run = run;
    this.#level = level;
  }

  /** Tells P(i+1) what happened in a round, and what is recorded of the round before. */
  async notifyAbove(round: number, events: readonly RoundEvent[], recorded: RoundReference | null): Promise<void> {
    const news = { ...this.#key(round), events, recorded };
    await this.#subPopulation(this.#level + 1).signal(neighbourNewsSignal, news);
  }

  /** Tells P(i+1), if it is still there, that the run has ended, as news of the round that it waits for. */
  async notifyAboveOfEnd(
    round: number,
    end: Extract<RoundEvent, { kind: 'ended' }>,
    recorded: RoundReference | null,
  ): Promise<void> {
    await unlessEnded(this.#subPopulation(this.#level + 1).workflowId, this.notifyAbove(round, [end], recorded));
  }

  /**
   * Gives P(i−1) what the evaluators earned for it. In the round in which the operator ends the run, P(i−1) waits for
   * no promotions any more and may have ended.
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

  /** Tells the root that a round is recorded, and how many there will be. */
  async reportRound(round: number, rounds: number, summaries: readonly SubPopulationSummary[]): Promise<void> {
    await this.#root().signal(roundCompletedSignal, { ...this.#key(round), rounds, summaries });
  }

  /** Tells the root what waits for the operator; nothing: it goes on. */
  async publishHolds(round: number, reasons: readonly string[]): Promise<void> {
    await this.#root().signal(holdSignal, { ...this.#key(round), reasons });
  }

  /** Tells an evaluator its last verdict and what to train next. */
  async instruct(round: number, slot: number, instruction: Pick<Instruction, 'judged' | 'train'>): Promise<void> {
    await this.#evaluator(slot).signal(instructSignal, { ...this.#key(round), ...instruction });
  }

  /** Tells all evaluators that the run is over. */
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
