/**
 * Notices of a workflow that waits before it begins.
 */
import type { Screen } from './screen.ts';

/** Prints what a workflow waits for before it begins, each notice once. */
export class Notices {
  readonly #screen: Screen;
  #printed: string | null = null;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  print(notice: string | null): void {
    if (notice !== null && notice !== this.#printed) this.#screen.say(`WAITING: ${notice}`);
    this.#printed = notice;
  }
}
