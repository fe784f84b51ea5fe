/**
 * One evaluator slot: it trains what its sub-population assigns, reports, records the verdict, and waits for the next
 * assignment.
 *
 * It decides nothing: its sub-population ranks and judges all of its evaluators in one pass, because a promotion
 * changes what the next one is judged against. It is a workflow of its own so that its page in the Web UI tells its
 * story. History: two signals and one activity a round; it continues as new when the server suggests it, between two
 * rounds.
 */
import {
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  patched,
  setCurrentDetails,
  setDefaultSignalHandler,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import {
  belongsTo,
  commandSignal,
  evaluatorReportSignal,
  finishSignal,
  holdSignal,
  instructSignal,
  MESSAGE_DESCRIPTIONS,
  steerSignal,
} from '../messages.ts';
import type { EvaluatorReport, Instruction } from '../../activities/contracts/messages.ts';
import { describeVerdict } from '../run/details.ts';
import { childWorkflowId, evaluatorName, memberName, subPopulationName } from '../population/names.ts';
import { deliver } from './inbox.ts';
import { reasonOf, STOP_ENDS_HOLDS, trainRound } from '../run/activities.ts';
import type { Run } from '../run/activities.ts';
import type { TrainRequest } from '../../activities/contracts/training.ts';

export interface EvaluatorInput {
  readonly run: Run;
  readonly subPopulation: number;
  readonly slot: number;
  /** Carried through continue-as-new: instructions not yet followed, whether the run is over, the newest verdicts. */
  readonly inbox?: readonly Instruction[];
  readonly finished?: boolean;
  readonly story?: readonly string[];
}

/** Verdicts shown in the current details; all of them are in the run's result. */
const STORY_LENGTH = 12;

/**
 * Runs one evaluator slot until its run ends. Returns nothing: what it found is in the decisions of its sub-population.
 */
export async function evaluator(input: EvaluatorInput): Promise<void> {
  const { run, subPopulation, slot } = input;
  const name = evaluatorName(subPopulation, slot);
  const inbox: Instruction[] = [...(input.inbox ?? [])];
  let finished = input.finished ?? false;
  let story = input.story ?? [];
  let now = 'Idle.';
  let resumes = 0;
  let abandoned = 0;
  let runStops = false;

  const ours = (message: unknown): boolean => belongsTo(run.generation, message);
  setHandler(instructSignal, (instruction) => void (ours(instruction) && deliver(inbox, instruction)), {
    description: MESSAGE_DESCRIPTIONS.instruct,
  });
  setHandler(finishSignal, (message) => void (ours(message) && (finished = true)), {
    description: MESSAGE_DESCRIPTIONS.finish,
  });
  setHandler(
    steerSignal,
    (message) => {
      if (!ours(message)) return;
      ({ resumes } = message);
      runStops = message.stop !== null;
    },
    { description: MESSAGE_DESCRIPTIONS.steer },
  );
  setHandler(commandSignal, (message) => void (ours(message) && (abandoned += 1)), {
    description: MESSAGE_DESCRIPTIONS.command,
  });
  setDefaultSignalHandler((signalName) =>
    log.warn(`Ignored signal ${signalName}: an evaluator is steered through the root of its run`),
  );

  const show = (): void =>
    setCurrentDetails(
      [`**${name}** of \`${run.workflowId}\`. ${now}`, '', ...story.map((line) => `- ${line}`)].join('\n'),
    );
  show();

  for (;;) {
    await condition(() => inbox.length > 0 || finished);
    const instruction = inbox.shift();
    if (instruction === undefined) return;

    if (instruction.judged)
      story = [describeVerdict(instruction.judged, instruction.round - 1, subPopulation), ...story].slice(
        0,
        STORY_LENGTH,
      );
    const { train } = instruction;
    now = train
      ? `Round ${instruction.round}: trains from ${memberName(subPopulation, train.parent)} with the hyperparameters of ${memberName(subPopulation - 1, train.child)}, \`${JSON.stringify(train.request.hyperparameters)}\`, since ${train.evaluationSteps} steps.`
      : 'Idle.';
    show();

    if (train) {
      const outcome = await trainUntilItWorks(instruction.round, train.request);
      const report: EvaluatorReport = {
        generation: run.generation,
        round: instruction.round,
        sender: name,
        slot,
        outcome,
      };
      await getExternalWorkflowHandle(childWorkflowId(run.workflowId, subPopulationName(subPopulation))).signal(
        evaluatorReportSignal,
        report,
      );
    }
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof evaluator>({ run, subPopulation, slot, inbox, finished, story });
  }

  /**
   * Holds where training fails for good, until the operator resumes; null: the operator ended the evaluation, or the
   * run, instead.
   */
  async function trainUntilItWorks(round: number, request: TrainRequest): Promise<EvaluatorReport['outcome']> {
    for (;;) {
      const before = { resumes, abandoned };
      try {
        const { checkpoint, scores, trainerSeconds } = await trainRound(
          request,
          `${name}, round ${round}, steps ${request.fromStep} to ${request.toStep}`,
        );
        return { checkpoint, scores, trainerSeconds };
      } catch (error) {
        if (isCancellation(error)) throw error;
        now = `**Holds** in round ${round}: ${reasonOf(error)}. Mend the worker and \`resume\` the run, or \`stopEarly\` this evaluator.`;
        show();
        const stopEndsHolds = patched(STOP_ENDS_HOLDS);
        const root = getExternalWorkflowHandle(run.workflowId);
        const key = { generation: run.generation, round, sender: name };
        await root.signal(holdSignal, { ...key, reasons: [`${name} in round ${round}: ${reasonOf(error)}`] });
        await condition(() => resumes > before.resumes || abandoned > before.abandoned || (stopEndsHolds && runStops));
        await root.signal(holdSignal, { ...key, reasons: [] });
        if (abandoned > before.abandoned || resumes === before.resumes) return null;
      }
    }
  }
}
