/**
 * The pages of runs and comparisons while they train: their reports as they stand, and an index of all. They are made
 * from what Temporal knows and what is in the bucket, and change neither.
 */
import type { Client } from '@temporalio/client';
import { newestRun } from '../../activities/runs/newest-run.ts';
import type { ObjectStore } from '../../activities/storage/object-store.ts';
import { ObjectStoreError } from '../../activities/storage/store-errors.ts';
import { markup } from '../../activities/report/html.ts';
import { page } from '../../activities/report/page.ts';
import { reasonOf } from '../processes/user-error.ts';
import { addressOf, aimOf, INDEX, type Aim } from './addresses.ts';
import { Executions, MAX_LISTED, NoAnswer } from './executions.ts';
import type { Started } from './executions.ts';
import { indexPage } from './index-page.ts';
import { KeptPages, type NewestPage, type PageAnswer } from './kept-pages.ts';
import { Reports } from './reports.ts';
import type { Answer } from './serving.ts';
import { Stored } from './stored.ts';

/** Port on which the pages are, if it is free. */
export const DEFAULT_PORT = 8234;

/** Where the pages come from. */
export interface PageSources {
  readonly objects: ObjectStore;
  /** Bucket whose runs are listed, beside those that Temporal knows. */
  readonly bucket: string;
  /** Null: there is no Temporal server to ask. */
  readonly client: Client | null;
}

export class LivePages {
  readonly #objects: ObjectStore;
  readonly #bucket: string;
  readonly #executions: Executions | null;
  readonly #stored: Stored;
  readonly #reports: Reports;
  readonly #kept = new KeptPages();

  constructor({ objects, bucket, client }: PageSources) {
    this.#objects = objects;
    this.#bucket = bucket;
    this.#executions = client && new Executions(client);
    this.#stored = new Stored(objects, bucket);
    this.#reports = new Reports(objects, this.#executions);
  }

  /** Returns the answer to an address. If something cannot be read, a page says so. */
  async answer(url: URL): Promise<Answer> {
    const aim = aimOf(url);
    try {
      if (aim === undefined) return nothingAt(url.pathname);
      return await (aim.kind === 'newest' ? this.#redirect(aim) : this.#kept.get(url.href, () => this.#look(aim)));
    } catch (error) {
      if (error instanceof ObjectStoreError || error instanceof NoAnswer) return troublePage(error.message);
      console.error('Cannot make the page', url.pathname, error);
      return troublePage(`Cannot make this page: ${reasonOf(error)}`);
    }
  }

  async #redirect({ bucket, workflowId }: Extract<Aim, { kind: 'newest' }>): Promise<Answer> {
    const run = await newestRun(this.#objects, bucket, workflowId);
    return run ? { kind: 'redirect', to: addressOf('run', run) } : nothingAt(workflowId);
  }

  async #look(aim: Exclude<Aim, { kind: 'newest' }>): Promise<NewestPage> {
    if (aim.kind === 'index') return this.#index();
    const newest = await this.#reports.look(aim.kind, aim.location);
    return newest ?? { version: '', make: async () => nothingAt(aim.location.folder) };
  }

  async #index(): Promise<NewestPage> {
    const problems: string[] = [];
    const orElse = async (asking: Promise<readonly Started[]>): Promise<readonly Started[]> => {
      try {
        return await asking;
      } catch (error) {
        if (!(error instanceof ObjectStoreError) && !(error instanceof NoAnswer)) throw error;
        // There is no bucket before the first run.
        if (!(error instanceof ObjectStoreError && error.trouble === 'missing-bucket')) problems.push(error.message);
        return [];
      }
    };
    const listed = this.#executions === null ? [] : await orElse(this.#executions.list());
    if (this.#executions === null) problems.push(NO_TEMPORAL);
    if (listed.length >= MAX_LISTED) problems.push(`Of those that Temporal knows, these are the newest ${MAX_LISTED}.`);
    const stored = await orElse(this.#stored.others(new Set(listed.map(({ folder }) => folder))));
    const all = [...listed, ...stored].sort((a, b) => Number(b.startedAt ?? 0) - Number(a.startedAt ?? 0));
    const { version, html } = indexPage({ bucket: this.#bucket, all, problems });
    return { version, make: async () => ({ kind: 'page', status: 200, version, html }) };
  }
}

const NO_TEMPORAL = 'No Temporal server runs here, so nothing says whether an unfinished run still trains.';

/** Returns a page without a version: whoever has it asks again and again whether there is another. */
function plainPage(status: number, heading: string, text: string): PageAnswer {
  const head = markup`<p class="top"><a href="${INDEX}">All runs</a></p>
<h1>${heading}</h1>
<p class="trouble">${text}</p>`;
  const served = { version: '', standing: null, runAddress: () => INDEX };
  return { kind: 'page', status, version: '', html: page(heading, head, [], served) };
}

function nothingAt(name: string): PageAnswer {
  return plainPage(404, 'Not found', `There is no run and no comparison at ${name}. If it begins, this page shows it.`);
}

function troublePage(reason: string): PageAnswer {
  return plainPage(503, 'Trouble', `${reason}. This page tries again.`);
}
