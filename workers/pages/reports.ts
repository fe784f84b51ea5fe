/**
 * The pages of runs and comparisons: their reports, with how they stand above.
 */
import { createHash } from 'node:crypto';
import type { RunFolder } from '../../activities/contracts/checkpoint.ts';
import { composeComparisonReport, composeRunReport, NoReport } from '../../activities/report/composing.ts';
import { markup, type Content, type Html } from '../../activities/report/html.ts';
import { page, type Served } from '../../activities/report/page.ts';
import { RoundRecords } from '../../activities/runs/rounds.ts';
import { comparisonTableKey, resultKey, specificationKey, workflowIdOf } from '../../activities/storage/layout.ts';
import type { ObjectStore } from '../../activities/storage/object-store.ts';
import { addressOf, addressOfNewest, INDEX } from './addresses.ts';
import { NoAnswer } from './executions.ts';
import type { Executions, Standing } from './executions.ts';
import { stateChip } from './index-page.ts';
import type { NewestPage } from './kept-pages.ts';

/** How something stands, or why that is not known. */
type Known = Standing | { readonly unknown: string };

export class Reports {
  readonly #objects: ObjectStore;
  readonly #records: RoundRecords;
  readonly #executions: Executions | null;

  constructor(objects: ObjectStore, executions: Executions | null) {
    this.#objects = objects;
    this.#records = new RoundRecords(objects);
    this.#executions = executions;
  }

  /**
   * Returns the newest page of the run or the comparison in a folder; undefined if there is neither records nor a
   * workflow.
   *
   * @throws ObjectStoreError if the store fails
   */
  async look(kind: 'run' | 'comparison', location: RunFolder): Promise<NewestPage | undefined> {
    const known = await this.#standing(location);
    const recorded = await (kind === 'run' ? this.#runRecords(location) : this.#comparisonRecords(location));
    if (recorded === null && 'unknown' in known) return undefined;
    const version = createHash('sha256')
      .update(JSON.stringify([known, recorded]))
      .digest('hex');
    const served: Served = {
      version,
      standing: this.#standingLine(known, location.bucket),
      runAddress: (run) => addressOf('run', run),
    };
    return {
      version,
      make: async () => ({ kind: 'page', status: 200, version, html: await this.#compose(kind, location, served) }),
    };
  }

  async #compose(kind: 'run' | 'comparison', location: RunFolder, served: Served): Promise<string> {
    const compose = kind === 'run' ? composeRunReport : composeComparisonReport;
    try {
      return await compose(this.#records, location, served);
    } catch (error) {
      if (!(error instanceof NoReport)) throw error;
      const name = workflowIdOf(location);
      return page(name, markup`<h1>${name}</h1>\n<p>There is no report yet. ${error.message}.</p>`, [], served);
    }
  }

  async #standing(location: RunFolder): Promise<Known> {
    if (this.#executions === null) return { unknown: 'No Temporal server runs here.' };
    try {
      const standing = await this.#executions.standing(workflowIdOf(location), location.folder);
      return standing ?? { unknown: 'Temporal does not know it any more.' };
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      return { unknown: `${error.message}.` };
    }
  }

  /** Returns what differs whenever a run's records do; null: it has none. */
  async #runRecords(run: RunFolder): Promise<unknown> {
    if (!(await this.#objects.exists(run.bucket, specificationKey(run)))) return null;
    const rounds = [...(await this.#records.decided(run))].map(([round, levels]) => [round, levels.length]);
    return { rounds, hasResult: await this.#objects.exists(run.bucket, resultKey(run)) };
  }

  /** Returns what differs whenever a comparison's table does; null: it has none. */
  async #comparisonRecords(comparison: RunFolder): Promise<unknown> {
    return (await this.#objects.sizeBytes(comparison.bucket, comparisonTableKey(comparison))) ?? null;
  }

  #standingLine(known: Known, bucket: string): Html {
    return markup`<p class="top"><a href="${INDEX}">All runs</a> ${
      'unknown' in known ? `${known.unknown} This is what is in the bucket.` : this.#told(known, bucket)
    }</p>`;
  }

  #told(standing: Standing, bucket: string): Content {
    const { state, isOver, messages, training } = standing;
    const links = training.map(
      (id, index) => markup`${index > 0 ? ', ' : ''}<a href="${addressOfNewest(id, bucket)}">${id}</a>`,
    );
    return [
      stateChip(standing),
      state === 'finished' ? ' Nothing here changes any more.' : isOver ? '' : ' This page follows it.',
      ...messages.map((message) => markup` <span class="note">${message}</span>`),
      links.length > 0 ? markup` <span class="note">Training: ${links}</span>` : null,
    ];
  }
}
