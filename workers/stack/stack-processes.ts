/**
 * The processes of one stack, by name: `temporal`, `s3`, `orchestrator`, `trainer-0`, ….
 */
import { SupervisedProcess } from '../processes/supervised-process.ts';
import type { ProcessPlan } from '../processes/supervised-process.ts';
import { ProcessLedger } from './running-stack.ts';

const LEFTOVER_GRACE_MS = 15_000;
const WORKER_GRACE_MS = 20_000;
const SERVER_GRACE_MS = 8_000;

export class StackProcesses {
  readonly #all: SupervisedProcess[] = [];
  readonly #ledger: ProcessLedger;
  readonly #say: (line: string) => void;
  readonly #abandoned: AbortSignal | undefined;

  constructor(stateDirectory: string, say: (line: string) => void, abandoned: AbortSignal | undefined) {
    this.#ledger = new ProcessLedger(stateDirectory);
    this.#say = say;
    this.#abandoned = abandoned;
  }

  get names(): readonly string[] {
    return this.#all.map(({ name }) => name);
  }

  /** Ends what an earlier stack in the same directory left running. */
  async clearLeftovers(): Promise<void> {
    const left = await this.#ledger.clearLeftovers(LEFTOVER_GRACE_MS);
    if (left.length > 0) this.#say(`Ended what an earlier stack had left running: ${left.join(', ')}`);
  }

  /** Adds a process, not started yet. @throws if the start of the stack has been abandoned */
  add(plan: ProcessPlan): SupervisedProcess {
    this.#abandoned?.throwIfAborted();
    const one = new SupervisedProcess(plan, {
      say: this.#say,
      changed: (name, pid) => this.#ledger.note(name, pid),
    });
    this.#all.push(one);
    return one;
  }

  /** Returns the process of this name. @throws Error listing the names */
  named(name: string): SupervisedProcess {
    const found = this.#all.find((one) => one.name === name);
    if (found === undefined)
      throw new Error(`Expected \`part\` to be one of ${this.names.join(', ')}, got \`${name}\``);
    return found;
  }

  /** Stops the workers and waits for their end. */
  async stopWorkers(): Promise<void> {
    await Promise.all(this.#all.filter((one) => !isServer(one)).map((one) => one.stop(WORKER_GRACE_MS)));
  }

  /** Stops the servers and waits for their end. */
  async stopServers(): Promise<void> {
    await Promise.all(this.#all.filter(isServer).map((one) => one.stop(SERVER_GRACE_MS)));
  }

  kill(): void {
    for (const one of this.#all) one.kill();
  }
}

function isServer({ name }: SupervisedProcess): boolean {
  return name === 'temporal' || name === 's3';
}
