/**
 * The processes of one stack by name: `temporal`, `s3`, `orchestrator`, `trainer-0`, ….
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

  /** Stops the processes that an earlier stack in the same directory left running. */
  async stopLeftovers(): Promise<void> {
    const names = await this.#ledger.stopLeftovers(LEFTOVER_GRACE_MS);
    if (names.length > 0) this.#say(`Stopped processes of an earlier stack: ${names.join(', ')}`);
  }

  /** Adds a process without starting it. @throws if the start of the stack was aborted */
  add(plan: ProcessPlan): SupervisedProcess {
    this.#abandoned?.throwIfAborted();
    const added = new SupervisedProcess(plan, {
      say: this.#say,
      changed: (name, pid) => this.#ledger.note(name, pid),
    });
    this.#all.push(added);
    return added;
  }

  /** Returns the process with this name. @throws Error listing the names */
  get(name: string): SupervisedProcess {
    const found = this.#all.find((process) => process.name === name);
    if (found === undefined)
      throw new Error(`Expected \`part\` to be one of ${this.names.join(', ')}, got \`${name}\``);
    return found;
  }

  /** Stops the workers and waits until they have ended. */
  async stopWorkers(): Promise<void> {
    const workers = this.#all.filter((process) => !isServer(process));
    await Promise.all(workers.map((worker) => worker.stop(WORKER_GRACE_MS)));
  }

  /** Stops the servers and waits until they have ended. */
  async stopServers(): Promise<void> {
    await Promise.all(this.#all.filter(isServer).map((server) => server.stop(SERVER_GRACE_MS)));
  }

  /** Kills all processes. The servers are not restarted, although the workers are stopped first. */
  kill(): void {
    for (const process of this.#all) process.killForGood();
  }
}

function isServer({ name }: SupervisedProcess): boolean {
  return name === 'temporal' || name === 's3';
}
