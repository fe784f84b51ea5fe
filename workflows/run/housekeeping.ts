/**
 * Housekeeping of a run: it deletes expired checkpoints, writes the report for people, and exports the histories.
 * Training and result never wait for it. What it cannot do is shown and counted.
 */
import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import { housekeeping, reasonOf } from './activities.ts';
import type { Run } from './activities.ts';
import type { RunView } from './run-view.ts';

/** The housekeeping of one run. */
export class Housekeeping {
  readonly #view: RunView;
  readonly #run: Run;
  readonly #training = new CancellationScope();

  constructor(view: RunView, run: Run) {
    this.#view = view;
    this.#run = run;
  }

  /**
   * From now on deletes the checkpoints that nothing refers to after each reported round, until `stop`. So storage
   * grows with the number of workers, not with the rounds.
   */
  start(): void {
    // It ends only if it is cancelled.
    this.#training.run(() => this.#collectRoundByRound()).catch(() => undefined);
  }

  /** Ends the collections during training; one that is under way is abandoned. */
  stop(): void {
    this.#training.cancel();
  }

  /**
   * Writes the report for people, deletes all that nothing refers to after the last round, and exports the histories.
   * Returns the files that it wrote beside the result.
   */
  async finish(): Promise<readonly string[]> {
    const { storage, workflowId } = this.#run;
    const report = await this.#unlessItFails('write the report', housekeeping.writeRunReport({ storage }));
    await this.#collect(true);
    await this.#unlessItFails('export the histories', housekeeping.exportHistories({ storage, workflowId }));
    return report === null ? [] : [report.key];
  }

  async #collectRoundByRound(): Promise<void> {
    let collected = this.#view.completedRound;
    let interval = 1;
    for (;;) {
      await condition(() => this.#view.completedRound >= collected + interval);
      collected = this.#view.completedRound;
      // What is left over is read again with every collection, so a store that refuses is asked less and less often.
      interval = (await this.#collect(false)) ? 1 : 2 * interval;
    }
  }

  /** Returns whether nothing is left over. */
  async #collect(finished: boolean): Promise<boolean> {
    const { storage, specification } = this.#run;
    const { keepRounds } = specification.storage;
    const subPopulations = specification.subPopulations.length;
    const collection = { storage, subPopulations, keepRounds, finished };
    const collected = await this.#unlessItFails('delete expired objects', housekeeping.collectCheckpoints(collection));
    if (collected === null) return false;
    this.#view.noteUndeleted(collected.undeleted);
    this.#view.warn(collected.warnings);
    return collected.undeleted === 0;
  }

  /** Returns null, and warns, if it fails; `task` completes `Cannot …`. */
  async #unlessItFails<T>(task: string, activity: Promise<T>): Promise<T | null> {
    try {
      return await activity;
    } catch (error) {
      if (isCancellation(error)) throw error;
      this.#view.warn([`Cannot ${task}: ${reasonOf(error)}`]);
      return null;
    }
  }
}
