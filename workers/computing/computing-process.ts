/**
 * The computer of a trainer: a process of its own that is started, interrupted, killed and replaced.
 *
 * It keeps what sessions share (data sets, compiled programs) from order to order. It cannot outlive its trainer.
 */
import type { DescribeRequest, TaskDescription } from '../../activities/contracts/task.ts';
import type { ReportOutcome, ReportRequest } from '../../activities/contracts/training.ts';
import type { Computer, Interrupted, Observer, TrainOrder, Trained } from '../../activities/training/computer.ts';
import { nodeArguments } from '../processes/places.mjs';
import { UserError } from '../processes/user-error.ts';
import { Computation } from './computation.ts';
import type { Order } from './messages.ts';

export interface ComputingPlan {
  /** What the process is called where processes are listed. */
  readonly name: string;
  /** Its source, relative to the root; default: what ships. */
  readonly script?: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Where its output goes; default: to where this process's own goes. */
  readonly output?: number;
  /** How long it may make no progress, unless it is known to take that long. */
  readonly hangAfterMs: number;
}

export class ComputingProcess implements Computer {
  readonly #plan: ComputingPlan;
  #computation: Computation | undefined;

  constructor(plan: ComputingPlan) {
    this.#plan = plan;
  }

  /** Process id; undefined while there is none. */
  get pid(): number | undefined {
    return this.#computation?.pid;
  }

  /**
   * Starts the process, and resolves when it is ready. Later it is started again when an order needs it.
   *
   * @throws UserError if it ends before it is ready
   */
  async start(): Promise<void> {
    const computation = this.#running();
    const how = await Promise.race([computation.ready, computation.ended]);
    if (how !== undefined) throw new UserError(`Cannot start the computing process: it ${how}; its log says why`);
  }

  async describe(request: DescribeRequest): Promise<TaskDescription> {
    const observer: Observer = { progressed: () => undefined, interruption: new AbortController().signal };
    return (await this.#carryOut({ work: 'describe', input: request }, observer)) as TaskDescription;
  }

  async train(order: TrainOrder, observer: Observer): Promise<Trained | Interrupted> {
    return (await this.#carryOut({ work: 'train', input: order }, observer)) as Trained | Interrupted;
  }

  async report(request: ReportRequest, observer: Observer): Promise<ReportOutcome | Interrupted> {
    return (await this.#carryOut({ work: 'report', input: request }, observer)) as ReportOutcome | Interrupted;
  }

  /** Ends the process at once: between two orders it holds nothing that is needed. */
  async stop(): Promise<void> {
    const computation = this.#computation;
    this.#computation = undefined;
    computation?.kill();
    await computation?.ended;
  }

  async #carryOut(order: Order, observer: Observer): Promise<unknown> {
    const computation = this.#running();
    try {
      return await computation.carryOut(order, observer, this.#plan.hangAfterMs);
    } finally {
      if (computation.wantsSuccessor) {
        computation.kill();
        await computation.ended;
      }
    }
  }

  #running(): Computation {
    if (this.#computation) return this.#computation;
    const { name, script = 'workers/computing/main.ts', args, environment, output = 'inherit' } = this.#plan;
    const started = new Computation([...nodeArguments(script), '--name', name, ...args], {
      env: environment,
      cwd: process.cwd(),
      output,
    });
    this.#computation = started;
    void started.ended.then(() => {
      if (this.#computation === started) this.#computation = undefined;
    });
    return started;
  }
}
