/**
 * Keeps the newest pages, so that many readers cost no more than one, and pauses between two renewals of a page, so
 * that its readers leave the processor to the trainers.
 */
import { LruCache } from '../../workflows/algorithm/lru-cache.ts';
import type { Answer } from './serving.ts';

/** Characters of all pages that are kept. */
const MAX_CHARACTERS = 64e6;
const LEAST_PAUSE_MS = 1_000;
/** How long a page rests, in times of the processor time that it took to make it. */
const PAUSE_PER_WORK = 2;

/** A page. */
export type PageAnswer = Extract<Answer, { kind: 'page' }>;

/** What a page would be now. */
export interface NewestPage {
  /** Differs from that of an earlier page if the content does. */
  readonly version: string;
  readonly make: () => Promise<PageAnswer>;
}

interface Kept {
  readonly page: PageAnswer;
  readonly restsUntil: number;
}

export class KeptPages {
  readonly #kept = new LruCache<string, Kept>(MAX_CHARACTERS, ({ page }) => page.html.length);
  readonly #renewals = new Map<string, Promise<PageAnswer>>();

  /** Returns the page under an address, at most a few moments old. `look` finds its newest version. */
  async get(address: string, look: () => Promise<NewestPage>): Promise<PageAnswer> {
    const kept = this.#kept.get(address);
    if (kept && performance.now() < kept.restsUntil) return kept.page;
    const running = this.#renewals.get(address);
    if (running) return running;
    const renewal = this.#renew(address, kept?.page, look).finally(() => this.#renewals.delete(address));
    this.#renewals.set(address, renewal);
    return renewal;
  }

  async #renew(address: string, old: PageAnswer | undefined, look: () => Promise<NewestPage>): Promise<PageAnswer> {
    const { version, make } = await look();
    const begin = process.cpuUsage();
    const page = old?.version === version ? old : await make();
    const { user, system } = process.cpuUsage(begin);
    const restsUntil = performance.now() + Math.max(LEAST_PAUSE_MS, (PAUSE_PER_WORK * (user + system)) / 1_000);
    // A page without a version only says why there is no other.
    if (page.version !== '') this.#kept.set(address, { page, restsUntil });
    return page;
  }
}
