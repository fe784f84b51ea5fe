/**
 * One evaluator slot: it trains what its sub-population assigns, reports, records the verdict, and waits for the next assignment.
 *
 * It decides nothing: its sub-population ranks and judges all of its evaluators in one pass, because a promotion changes what the next one is
 * judged against. It is a workflow of its own so that its page in the Web UI tells its story. History: four signals' worth of events and one
 * activity a round; it continues as new when the server suggests it, between two rounds.
 */
import { condition, continueAsNew, getExternalWorkflowHandle, log, setCurrentDetails, setDefaultSignalHandler, setHandler, workflowInfo } from '@temporalio/workflow';
import { belongsTo, evaluatorReportSignal, finishSignal, instructSignal, MESSAGE_DESCRIPTIONS } from './messages.ts';
import type { Instruction } from './messages.ts';
import type { JudgedEvaluation } from './population-state.ts';
import { childWorkflowId, evaluatorName, memberName, subPopulationName } from './names.ts';
import { deliver } from './inbox.ts';
import { trainRound } from './run.ts';
import type { Run } from './run.ts';

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

/** Runs one evaluator slot until its run ends. Returns nothing: what it found is in the decisions of its sub-population. */
export async function evaluator(input: EvaluatorInput): Promise<void> {
  const { run, subPopulation, slot } = input;
  const name = evaluatorName(subPopulation, slot);
  const inbox: Instruction[] = [...(input.inbox ?? [])];
  let finished = input.finished ?? false;
  let story = input.story ?? [];
  let now = 'Idle.';

  setHandler(
    instructSignal,
    (instruction) => {
      if (belongsTo(run.generation, instruction)) deliver(inbox, instruction);
    },
    { description: MESSAGE_DESCRIPTIONS.instruct },
  );
  setHandler(
    finishSignal,
    (message) => {
      if (belongsTo(run.generation, message)) finished = true;
    },
    { description: MESSAGE_DESCRIPTIONS.finish },
  );
  setDefaultSignalHandler((signalName) => log.warn(`Ignored signal ${signalName}: an evaluator is steered through the root of its run`));

  const show = (): void => setCurrentDetails([`**${name}** of \`${run.workflowId}\`. ${now}`, '', ...story.map((line) => `- ${line}`)].join('\n'));
  show();

  for (;;) {
    await condition(() => inbox.length > 0 || finished);
    const instruction = inbox.shift();
    if (instruction === undefined) return;

    if (instruction.judged) story = [tellVerdict(instruction.judged, instruction.round - 1, subPopulation), ...story].slice(0, STORY_LENGTH);
    const { train } = instruction;
    now = train
      ? `Round ${instruction.round}: trains from ${memberName(subPopulation, train.parent)} with the hyperparameters of ${memberName(subPopulation - 1, train.child)}, \`${JSON.stringify(train.request.hyperparameters)}\`, since ${train.evaluationSteps} steps.`
      : 'Idle.';
    show();

    if (train) {
      const { fromStep, toStep } = train.request;
      const outcome = await trainRound(train.request, `${name}, round ${instruction.round}, steps ${fromStep} to ${toStep}`);
      await getExternalWorkflowHandle(childWorkflowId(run.workflowId, subPopulationName(subPopulation))).signal(evaluatorReportSignal, {
        generation: run.generation,
        round: instruction.round,
        sender: name,
        slot,
        checkpoint: outcome.checkpoint,
        scores: outcome.scores,
        trainerSeconds: outcome.trainerSeconds,
      });
    }
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof evaluator>({ run, subPopulation, slot, inbox, finished, story });
  }
}

function tellVerdict(judged: JudgedEvaluation, round: number, subPopulation: number): string {
  const { outcome, reason, p, threshold, gap, overlap } = judged.verdict;
  const numbers = [
    p === null ? '' : `p = ${p.toPrecision(3)}`,
    threshold === null ? '' : `threshold ${threshold.toPrecision(3)}`,
    gap === null ? '' : `gap ${gap.toPrecision(3)}`,
    overlap === null ? 'no overlap' : `${overlap.length} points overlap`,
  ].filter((text) => text !== '');
  const pair = `${memberName(subPopulation, judged.parent)} against ${memberName(subPopulation - 1, judged.child)}`;
  return `round ${round}: ${outcome} (${reason}) after ${judged.evaluationSteps} steps, ${pair}: ${numbers.join(', ')}`;
}
