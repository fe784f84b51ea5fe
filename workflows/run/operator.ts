/**
 * The operator's messages to a run, and how the run's parts are notified of them.
 *
 * An update answers with what was done, or is refused with the reason. `stopEarly` is a signal: an invalid one is
 * logged, shown and dropped.
 */
import { ApplicationFailure, condition, setDefaultSignalHandler, setHandler } from '@temporalio/workflow';
import type {
  HoldNotice,
  IgnoredNotice,
  SetHyperparameters,
  Steering,
  StopEarly,
} from '../../activities/contracts/messages.ts';
import {
  commandSignal,
  extendUpdate,
  holdSignal,
  ignoredSignal,
  MESSAGE_DESCRIPTIONS,
  pauseUpdate,
  resumeUpdate,
  setHyperparametersUpdate,
  steerSignal,
  stopEarlySignal,
} from '../messages.ts';
import type { Command } from '../population/events.ts';
import { memberName, subPopulationName } from '../population/names.ts';
import type { Children } from './children.ts';
import { unlessEnded } from './delivery.ts';
import { validateExtension, validateHyperparameters, validatePause, validateStop } from './operator-messages.ts';
import type { RunView } from './run-view.ts';

/** Receives the operator's messages, and steers the run's parts. */
export class Operator {
  readonly #view: RunView;
  #commands = 0;

  /** Registers the handlers of the operator's messages. */
  constructor(view: RunView) {
    this.#view = view;
    setHandler(stopEarlySignal, (message) => this.#stopEarly(message), {
      description: MESSAGE_DESCRIPTIONS.stopEarly,
    });
    setHandler(holdSignal, (message) => this.#noteHolds(message), { description: MESSAGE_DESCRIPTIONS.hold });
    setHandler(ignoredSignal, (message) => this.#noteIgnored(message), { description: MESSAGE_DESCRIPTIONS.ignored });
    setHandler(pauseUpdate, ({ reason }) => this.#pause(reason), {
      description: MESSAGE_DESCRIPTIONS.pause,
      validator: (message) =>
        refuseIf(validatePause(message) ?? this.#closing() ?? this.#stopping('pause') ?? this.#paused()),
    });
    setHandler(resumeUpdate, () => this.#resume(), {
      description: MESSAGE_DESCRIPTIONS.resume,
      validator: () => refuseIf(this.#cannotResume()),
    });
    setHandler(extendUpdate, ({ steps }) => this.#extend(steps), {
      description: MESSAGE_DESCRIPTIONS.extend,
      validator: (message) => refuseIf(this.#closing() ?? this.#stopping('extend') ?? this.#cannotExtend(message)),
    });
    setHandler(setHyperparametersUpdate, (message) => this.#setHyperparameters(message), {
      description: MESSAGE_DESCRIPTIONS.setHyperparameters,
      validator: (message: SetHyperparameters) =>
        refuseIf(this.#closing() ?? this.#stopping('set hyperparameters') ?? this.#cannotSetHyperparameters(message)),
    });
    setDefaultSignalHandler((signalName) =>
      view.ignore(signalName, 'a run knows stopEarly; pause, resume, extend and setHyperparameters are updates'),
    );
  }

  /** Notifies the run's parts of what the operator wants of the whole run. Does nothing before they exist. */
  async steer(includesEvaluators = false): Promise<void> {
    const { phase, wanted, generation, completedRound } = this.#view;
    if (phase.kind !== 'running') return;
    const steering: Steering = { ...wanted, generation, round: completedRound, sender: 'root' };
    const { levels, evaluators } = phase.children;
    const everyone = [...levels, ...(includesEvaluators ? evaluators.flat() : [])];
    await Promise.all(everyone.map((child) => unlessEnded(child.workflowId, child.signal(steerSignal, steering))));
  }

  async #noteHolds(message: HoldNotice): Promise<void> {
    if (!this.#view.isOfThisGeneration(message)) return;
    this.#view.noteHolds(message);
    // An evaluator that begins to hold may not know yet that the run stops.
    if (this.#view.wanted.stop !== null && message.reasons.length > 0) await this.steer(true);
  }

  #noteIgnored(message: IgnoredNotice): void {
    if (!this.#view.isOfThisGeneration(message)) return;
    this.#view.ignore(
      `${message.signal} to ${message.sender}`,
      'send messages to the root of the run, not to its parts',
    );
  }

  async #pause(reason: string): Promise<string> {
    this.#view.wanted.pause = reason;
    await this.steer();
    const { completedRound, decidedRounds } = this.#view;
    const done = `${completedRound} of ${decidedRounds} rounds are complete.`;
    return `Paused: no round begins after the one that is being trained. ${done}`;
  }

  async #resume(): Promise<string> {
    const { wanted, ownHold, heldWorkers } = this.#view;
    wanted.resumes += 1;
    if (ownHold !== null) return 'Resumed: what failed is tried again.';
    const answer =
      wanted.pause === null
        ? `Resumed: ${heldWorkers} held ${heldWorkers === 1 ? 'worker retries' : 'workers retry'}.`
        : 'Resumed: the next round begins.';
    wanted.pause = null;
    await this.steer(heldWorkers > 0);
    return answer;
  }

  async #extend(steps: number): Promise<string> {
    const view = this.#view;
    // After a reset, the first task receives the earlier extensions again.
    await condition(() => view.plan !== null);
    const rounds = steps / (view.plan?.specification.stepsPerRound ?? 1);
    const extended = `Extended: the run ends after ${steps} steps, round ${rounds}.`;
    if (view.phase.kind === 'preparing') {
      refuseIf(this.#lengthProblem({ steps }));
      view.wanted.rounds = view.decidedRounds = rounds;
      return extended;
    }
    view.wanted.rounds = rounds;
    const { reports } = view;
    await this.steer();
    // While the run is paused, perhaps no round ends and no report arrives.
    const isPaused = (): boolean => view.wanted.pause !== null;
    const isRunning = (): boolean => view.phase.kind === 'running';
    await condition(() => view.decidedRounds === rounds || view.reports > reports + 1 || !isRunning() || isPaused());
    if (view.decidedRounds === rounds) return extended;
    if (isRunning() && isPaused())
      return `Extended: once it is resumed, the run goes on to ${steps} steps, round ${rounds}.`;
    const message = 'Cannot extend the run: its last round had begun. Start a new run from its rounds instead';
    throw ApplicationFailure.nonRetryable(message, 'TooLate');
  }

  async #setHyperparameters(message: SetHyperparameters): Promise<string> {
    const { subPopulation, member, hyperparameters, reason } = message;
    await this.#command(subPopulation, { kind: 'set-hyperparameters', member, hyperparameters, reason });
    const values = JSON.stringify(hyperparameters);
    return `${memberName(subPopulation, member)} trains with ${values} from its next round on.`;
  }

  /** Never throws. An invalid message is logged and dropped. */
  async #stopEarly(message: StopEarly): Promise<void> {
    const view = this.#view;
    await condition(() => view.plan !== null);
    const problem = view.plan ? (validateStop(view.plan.specification, message) ?? this.#closing()) : undefined;
    if (problem !== undefined) return view.ignore('stopEarly', problem);
    if (view.wanted.stop !== null)
      return view.ignore('stopEarly', `the run is being stopped already (${view.wanted.stop})`);
    const { reason, subPopulation, member, evaluator: slot } = message;
    if (subPopulation === undefined) return this.#stopRun(reason);
    if (slot !== undefined) return this.#command(subPopulation, { kind: 'stop-evaluation', slot, reason });
    return this.#stopMembers(subPopulation, member, reason);
  }

  async #stopRun(reason: string): Promise<void> {
    this.#view.wanted.stop = reason;
    this.#view.show();
    await this.steer(this.#view.holds.length > 0);
  }

  /** Stops one member, or all members of a sub-population if `member` is undefined. */
  async #stopMembers(subPopulation: number, member: number | undefined, reason: string): Promise<void> {
    const view = this.#view;
    const size = view.plan?.specification.subPopulations[subPopulation - 1]?.members ?? 0;
    const everyone = member === undefined ? Array.from({ length: size }, (_, index) => index) : [member];
    const members = everyone.filter((one) => !view.isStopped(memberName(subPopulation, one)));
    if (members.length === 0) {
      const name = member === undefined ? subPopulationName(subPopulation) : memberName(subPopulation, member);
      return view.ignore('stopEarly', `${name} was stopped already`);
    }
    view.addStopped(members.map((one) => memberName(subPopulation, one)));
    await this.#command(subPopulation, { kind: 'stop-members', members, reason });
  }

  /** Sends a command once the run's parts exist. */
  async #command(level: number, command: Command): Promise<void> {
    const view = this.#view;
    const number = (this.#commands += 1);
    await condition(() => this.#children() !== null);
    const { generation, completedRound } = view;
    const id = `${generation}/${number}`;
    const message = { generation, round: completedRound, sender: 'root', id, command };
    const children = this.#children();
    const child = children?.levels[level - 1];
    if (child) await unlessEnded(child.workflowId, child.signal(commandSignal, message));
    const slot = command.kind === 'stop-evaluation' ? children?.evaluators[level - 1]?.[command.slot] : undefined;
    if (slot) await unlessEnded(slot.workflowId, slot.signal(commandSignal, message));
  }

  #children(): Children | null {
    return this.#view.phase.kind === 'running' ? this.#view.phase.children : null;
  }

  #closing(): string | undefined {
    const { kind } = this.#view.phase;
    const isClosing = kind === 'finishing' || kind === 'finished' || kind === 'failed' || kind === 'cancelled';
    return isClosing ? 'Cannot follow: the run has trained its last round' : undefined;
  }

  #stopping(what: string): string | undefined {
    const { stop } = this.#view.wanted;
    return stop === null ? undefined : `Cannot ${what}: the run is being stopped (${stop})`;
  }

  #paused(): string | undefined {
    const { pause } = this.#view.wanted;
    return pause === null ? undefined : `Cannot pause: paused already (${pause})`;
  }

  #cannotResume(): string | undefined {
    const { ownHold, wanted, holds } = this.#view;
    if (ownHold !== null) return undefined;
    const isIdle = wanted.pause === null && holds.length === 0;
    return this.#closing() ?? (isIdle ? 'Cannot resume: nothing is paused and nobody holds' : undefined);
  }

  #cannotExtend(message: unknown): string | undefined {
    if (this.#view.phase.kind === 'starting') return 'Cannot extend the run: its parts are being started';
    return this.#lengthProblem(message);
  }

  /** Returns what is wrong with an extension. Before there is a plan, nothing is. */
  #lengthProblem(message: unknown): string | undefined {
    const { plan, phase, completedRound, decidedRounds } = this.#view;
    if (plan === null) return undefined;
    // The completed rounds of earlier generations are no obstacle before this generation begins.
    const completed = phase.kind === 'preparing' ? 0 : completedRound;
    return validateExtension(plan.specification, message, completed, decidedRounds, plan.maxRounds);
  }

  #cannotSetHyperparameters(message: SetHyperparameters): string | undefined {
    const { plan, completedRound, decidedRounds } = this.#view;
    if (plan === null) return 'Cannot set hyperparameters: the run is being planned';
    const problem = validateHyperparameters(plan.specification, message, completedRound, decidedRounds);
    if (problem !== undefined) return problem;
    const name = memberName(message.subPopulation, message.member);
    return this.#view.isStopped(name)
      ? `Cannot set hyperparameters: ${name} was stopped and trains no more`
      : undefined;
  }
}

/** Rejects an update if it has a problem. The sender reads the problem, and no event is recorded. */
function refuseIf(problem: string | undefined): void {
  if (problem !== undefined) throw ApplicationFailure.nonRetryable(problem, 'Refused');
}
