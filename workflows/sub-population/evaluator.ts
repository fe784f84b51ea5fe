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
  setCurrentDetails,
  setDefaultSignalHandler,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { EvaluatorReport, Instruction, MessageKey, Steering } from '../../activities/contracts/messages.ts';
import type { TrainRequest } from '../../activities/contracts/training.ts';
import {
  commandSignal,
  evaluatorReportSignal,
  finishSignal,
  holdSignal,
  instructSignal,
  MESSAGE_DESCRIPTIONS,
  ofGeneration,
  steerSignal,
} from '../messages.ts';
import { childWorkflowId, evaluatorName, memberName, subPopulationName } from '../population/names.ts';
import { reasonOf, trainRound } from '../run/activities.ts';
import type { Run } from '../run/activities.ts';
import { describeVerdict } from '../run/details.ts';
import { Holds } from '../run/holds.ts';
import { deliver } from './inbox.ts';

export interface EvaluatorInput {
  readonly run: Run;
  readonly subPopulation: number;
  readonly slot: number;
  /** What goes through continue-as-new; null: started by the root. */
  readonly carried: CarriedEvaluator | null;
}

interface CarriedEvaluator {
  /** Instructions not yet followed. */
  readonly inbox: readonly Instruction[];
  /** The run is over. */
  readonly isFinished: boolean;
  /** The newest verdicts, newest first. */
  readonly story: readonly string[];
}

/** Verdicts shown in the current details; all of them are in the run's result. */
const STORY_LENGTH = 12;

/** Runs one evaluator slot until its run ends. Returns nothing: what it found is in its sub-population's decisions. */
export async function evaluator(input: EvaluatorInput): Promise<void> {
  const slot = new EvaluatorSlot(input);
  for (;;) {
    const instruction = await slot.nextInstruction();
    if (instruction === undefined) return;
    await slot.follow(instruction);
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof evaluator>({ ...input, carried: slot.carried() });
  }
}

class EvaluatorSlot {
  readonly #run: Run;
  readonly #subPopulation: number;
  readonly #slot: number;
  readonly #name: string;
  readonly #inbox: Instruction[];
  #isFinished: boolean;
  #story: readonly string[];
  #now = 'Idle.';
  #round = 0;
  /** How often the operator has said to go on, and to end the evaluation. */
  #resumes = 0;
  #abandonments = 0;
  #isRunStopped = false;
  readonly #holds = new Holds(async (holds) => {
    this.#show();
    const reasons = holds.map(({ worker, reason }) => `${worker} in round ${this.#round}: ${reason}`);
    await getExternalWorkflowHandle(this.#run.workflowId).signal(holdSignal, { ...this.#key(), reasons });
  });

  constructor({ run, subPopulation, slot, carried }: EvaluatorInput) {
    this.#run = run;
    this.#subPopulation = subPopulation;
    this.#slot = slot;
    this.#name = evaluatorName(subPopulation, slot);
    this.#inbox = [...(carried?.inbox ?? [])];
    this.#isFinished = carried?.isFinished ?? false;
    this.#story = carried?.story ?? [];
    this.#receive();
    this.#show();
  }

  /** Waits for an instruction; undefined: the run is over. */
  async nextInstruction(): Promise<Instruction | undefined> {
    await condition(() => this.#inbox.length > 0 || this.#isFinished);
    return this.#inbox.shift();
  }

  /** Records the verdict on the last round, then trains and reports, if there is anything to train. */
  async follow({ round, judged, train }: Instruction): Promise<void> {
    const level = this.#subPopulation;
    this.#round = round;
    if (judged) this.#story = [describeVerdict(judged, round - 1, level), ...this.#story].slice(0, STORY_LENGTH);
    this.#now = train
      ? `Round ${round}: trains from ${memberName(level, train.parent)} with the hyperparameters of ` +
        `${memberName(level - 1, train.child)}, \`${JSON.stringify(train.request.hyperparameters)}\`, ` +
        `since ${train.evaluationSteps} steps.`
      : 'Idle.';
    this.#show();
    if (!train) return;
    const outcome = await this.#train(train.request);
    const report: EvaluatorReport = { ...this.#key(), slot: this.#slot, outcome };
    const owner = childWorkflowId(this.#run.workflowId, subPopulationName(level));
    await getExternalWorkflowHandle(owner).signal(evaluatorReportSignal, report);
  }

  carried(): CarriedEvaluator {
    return { inbox: this.#inbox, isFinished: this.#isFinished, story: this.#story };
  }

  /**
   * Holds if training fails permanently, until the operator resumes; null: the operator ended the evaluation, or the
   * run, instead.
   */
  async #train(request: TrainRequest): Promise<EvaluatorReport['outcome']> {
    const summary = `${this.#name}, round ${this.#round}, steps ${request.fromStep} to ${request.toStep}`;
    for (;;) {
      const [resumes, abandonments] = [this.#resumes, this.#abandonments];
      try {
        const { checkpoint, scores, trainerSeconds } = await trainRound(request, summary);
        return { checkpoint, scores, trainerSeconds };
      } catch (error) {
        if (isCancellation(error)) throw error;
        const ended = await this.#holds.until({ worker: this.#name, reason: reasonOf(error) }, () => {
          if (this.#abandonments > abandonments) return 'abandoned';
          if (this.#resumes > resumes) return 'resumed';
          return this.#isRunStopped ? 'run-stopped' : undefined;
        });
        if (ended !== 'resumed') return null;
      }
    }
  }

  #receive(): void {
    const ofThisRun = <M extends MessageKey>(take: (message: M) => void): ((message: M) => void) =>
      ofGeneration(this.#run.generation, take);
    setHandler(
      instructSignal,
      ofThisRun<Instruction>((message) => deliver(this.#inbox, message)),
      { description: MESSAGE_DESCRIPTIONS.instruct },
    );
    setHandler(
      finishSignal,
      ofThisRun(() => (this.#isFinished = true)),
      { description: MESSAGE_DESCRIPTIONS.finish },
    );
    setHandler(
      steerSignal,
      ofThisRun<Steering>((message) => {
        this.#resumes = message.resumes;
        this.#isRunStopped = message.stop !== null;
      }),
      { description: MESSAGE_DESCRIPTIONS.steer },
    );
    setHandler(
      commandSignal,
      ofThisRun(() => (this.#abandonments += 1)),
      { description: MESSAGE_DESCRIPTIONS.command },
    );
    setDefaultSignalHandler((signalName) =>
      log.warn(`Ignored signal ${signalName}: an evaluator is steered through the root of its run`),
    );
  }

  #key(): MessageKey {
    return { generation: this.#run.generation, round: this.#round, sender: this.#name };
  }

  #show(): void {
    const holds = this.#holds.current.map(
      ({ reason }) =>
        `**Holds** in round ${this.#round}: ${reason}. Mend the worker and \`resume\` the run, ` +
        'or `stopEarly` this evaluator.',
    );
    const title = `**${this.#name}** of \`${this.#run.workflowId}\`. ${holds[0] ?? this.#now}`;
    setCurrentDetails([title, '', ...this.#story.map((line) => `- ${line}`)].join('\n'));
  }
}
