/**
 * Step 2 of a round. Members train as activities of this workflow, evaluators in workflows of their own.
 */
import { isCancellation } from '@temporalio/workflow';
import type { EvaluatorReport } from '../../activities/contracts/messages.ts';
import type { TrainOutcome } from '../../activities/contracts/training.ts';
import type { JudgedEvaluation, RoundEvent } from '../population/events.ts';
import { memberName, subPopulationName } from '../population/names.ts';
import type { MemberState, PopulationState } from '../population/state.ts';
import { reasonOf, trainRound } from '../run/activities.ts';
import type { Run } from '../run/activities.ts';
import type { Addresses } from './addresses.ts';
import type { Mail } from './mail.ts';
import type { OperatorHolds } from './operator-holds.ts';
import { trainRequest } from './train-request.ts';

interface Options {
  readonly run: Run;
  readonly level: number;
  readonly mail: Mail;
  readonly addresses: Addresses;
  readonly holds: OperatorHolds;
}

/** The result of one round of training. */
export interface TrainedRound {
  readonly event: Extract<RoundEvent, { kind: 'trained' }>;
  readonly evaluatorsBusy: number;
  /** Slots whose training failed permanently, and whose evaluations the operator ended. */
  readonly failedEvaluators: readonly number[];
  readonly trainerSeconds: number;
}

interface TrainedMember {
  readonly member: number;
  readonly outcome: TrainOutcome;
}

/** Trains a sub-population round by round. */
export class Training {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Trains all members and evaluators one round. `judged` has the verdicts that evaluators do not know yet. */
  async train(round: number, state: PopulationState, judged: readonly JudgedEvaluation[]): Promise<TrainedRound> {
    const [members, evaluators] = await Promise.all([
      this.#trainMembers(round, state),
      this.#trainEvaluators(round, state, judged),
    ]);
    const seconds = [...members, ...evaluators].map(({ outcome }) => outcome?.trainerSeconds ?? 0);
    return {
      event: {
        kind: 'trained',
        step: round * this.#options.run.specification.stepsPerRound,
        members: members.map(({ member, outcome: { checkpoint, scores } }) => ({ member, checkpoint, scores })),
        evaluators: evaluators.flatMap(({ slot, outcome }) =>
          outcome ? [{ slot, checkpoint: outcome.checkpoint, scores: outcome.scores }] : [],
        ),
      },
      evaluatorsBusy: evaluators.length,
      failedEvaluators: evaluators.flatMap(({ slot, outcome }) => (outcome ? [] : [slot])),
      trainerSeconds: seconds.reduce((sum, one) => sum + one, 0),
    };
  }

  async #trainMembers(round: number, { members }: PopulationState): Promise<readonly TrainedMember[]> {
    const outcomes = await Promise.all(
      members.map(async (member, index) => (member.stopped ? null : this.#trainMember(round, member, index))),
    );
    return outcomes.flatMap((outcome, member) => (outcome ? [{ member, outcome }] : []));
  }

  /**
   * Trains a member. If that fails permanently, holds until the operator resumes the run. Returns null if the operator
   * stopped the member or the run instead.
   */
  async #trainMember(round: number, member: MemberState, index: number): Promise<TrainOutcome | null> {
    const { run, level, mail, holds } = this.#options;
    const worker = memberName(level, index);
    const isStopped = (): boolean => mail.hasStopFor((members) => members.includes(index));
    const request = trainRequest(run, round, { subPopulation: level, kind: 'member', index }, member);
    for (;;) {
      try {
        return await trainRound(
          run,
          request,
          `${worker}, round ${round}, steps ${request.fromStep} to ${request.toStep}`,
        );
      } catch (error) {
        if (isCancellation(error)) throw error;
        const ended = await holds.until({ worker, reason: reasonOf(error) }, isStopped);
        if (ended === 'run-stopped') this.#giveUp(round, index, error);
        if (isStopped()) return null;
      }
    }
  }

  /** Adds a command as if the operator had stopped the member. It cannot be trained, and nobody waits for it then. */
  #giveUp(round: number, member: number, error: unknown): void {
    const { run, level, mail } = this.#options;
    const reason = `the run was stopped while ${memberName(level, member)} held: ${reasonOf(error)}`;
    const sender = subPopulationName(level);
    mail.addCommand({
      generation: run.generation,
      round,
      sender,
      id: `${sender}/given-up/${round}/${member}`,
      command: { kind: 'stop-members', members: [member], reason },
    });
  }

  async #trainEvaluators(
    round: number,
    state: PopulationState,
    judged: readonly JudgedEvaluation[],
  ): Promise<readonly EvaluatorReport[]> {
    const { run, level, mail, addresses } = this.#options;
    await Promise.all(
      state.evaluations.map(async (evaluation, slot) => {
        const verdict = judged.find((one) => one.slot === slot) ?? null;
        if (evaluation === null && verdict === null) return;
        const train = evaluation && {
          parent: evaluation.parent,
          child: evaluation.child,
          evaluationSteps: state.step - evaluation.assignedAtStep,
          request: trainRequest(run, round, { subPopulation: level, kind: 'evaluator', index: slot }, evaluation),
        };
        await addresses.instruct(round, slot, { judged: verdict, train });
      }),
    );
    return mail.takeReports(round, state.evaluations.filter((one) => one !== null).length);
  }
}
