/**
 * One evaluator slot. It trains what its sub-population assigns, reports, records the verdict, and waits for the next
 * instruction.
 *
 * It decides nothing. Its sub-population judges all its evaluators in one pass, because a promotion changes what the
 * next one is judged against. It is a workflow of its own so that its page in the Web UI tells its story. Its history
 * grows by two signals and one activity per round. It continues as new between two rounds if the server suggests it.
 */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  setCurrentDetails,
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
import { childWorkflowId, evaluatorName, subPopulationName } from '../population/names.ts';
import { reasonOf, trainRound } from '../run/activities.ts';
import type { Run } from '../run/activities.ts';
import { describeTraining, describeVerdict } from '../run/details.ts';
import { Holds, tellHolds } from '../run/holds.ts';
import { deliver } from './inbox.ts';
import { ignoreStraySignals } from './stray-signals.ts';

export interface EvaluatorInput {
  readonly run: Run;
  readonly subPopulation: number;
  readonly slot: number;
  /** What continue-as-new carries; null: the root started it. */
  readonly carried: CarriedEvaluator | null;
}

interface CarriedEvaluator {
  /** Instructions that it has not followed yet. */
  readonly inbox: readonly Instruction[];
  /** The run is over. */
  readonly isFinished: boolean;
  /** The newest verdicts, newest first. */
  readonly story: readonly string[];
}

/** Number of verdicts in the current details. The run's result has all of them. */
const STORY_LENGTH = 12;

/** Runs one evaluator slot until its run ends. It returns nothing; the sub-population's decisions have the verdicts. */
export async function evaluator(input: EvaluatorInput): Promise<void> {
  const slot = new EvaluatorSlot(input);
  for (;;) {
    const instruction = await slot.nextInstruction();
    if (instruction === undefined) break;
    await slot.follow(instruction);
    if (!workflowInfo().continueAsNewSuggested) continue;
    await condition(allHandlersFinished);
    await continueAsNew<typeof evaluator>({ ...input, carried: slot.carried() });
  }
  await condition(allHandlersFinished);
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
  /** How often the operator resumed the run, and ended the evaluation. */
  #resumes = 0;
  #abandonments = 0;
  #isRunStopped = false;
  readonly #holds = new Holds(async (holds) => {
    this.#show();
    const notice = { ...this.#key(), ...tellHolds(holds, this.#round) };
    await getExternalWorkflowHandle(this.#run.workflowId).signal(holdSignal, notice);
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

  /** Waits for an instruction. Returns undefined if the run is over. */
  async nextInstruction(): Promise<Instruction | undefined> {
    await condition(() => this.#inbox.length > 0 || this.#isFinished);
    return this.#inbox.shift();
  }

  /** Records the verdict on the last round. If there is something to train, trains it and reports. */
  async follow({ round, judged, train }: Instruction): Promise<void> {
    const level = this.#subPopulation;
    this.#round = round;
    if (judged) this.#story = [describeVerdict(judged, round - 1, level), ...this.#story].slice(0, STORY_LENGTH);
    this.#now = train ? describeTraining(round, level, train) : 'Idle.';
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
   * Trains one round. If training fails permanently, holds until the operator resumes the run. Returns null if the
   * operator ended the evaluation or the run instead.
   */
  async #train(request: TrainRequest): Promise<EvaluatorReport['outcome']> {
    const summary = `${this.#name}, round ${this.#round}, steps ${request.fromStep} to ${request.toStep}`;
    for (;;) {
      const [resumes, abandonments] = [this.#resumes, this.#abandonments];
      try {
        const { checkpoint, scores, trainerSeconds } = await trainRound(this.#run, request, summary);
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
    ignoreStraySignals(this.#run, () => this.#key());
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
