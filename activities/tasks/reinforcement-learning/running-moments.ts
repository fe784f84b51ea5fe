/**
 * Mean and deviation of all that has been seen so far, element by element: the parallel update of Chan, Golub and
 * LeVeque (1979).
 */

/** Deviations are not taken for smaller than this. */
const LEAST_VARIANCE = 1e-8;

export class RunningMoments {
  readonly size: number;
  #count = 0;
  readonly #mean: Float64Array;
  /** Sums of squared distances from the mean. */
  readonly #squares: Float64Array;

  constructor(size: number) {
    this.size = size;
    this.#mean = new Float64Array(size);
    this.#squares = new Float64Array(size);
  }

  /** Takes in rows of `size` numbers each. */
  add(rows: Float64Array): void {
    const count = rows.length / this.size;
    if (count === 0) return;
    const total = this.#count + count;
    for (let column = 0; column < this.size; column++) {
      let sum = 0;
      for (let at = column; at < rows.length; at += this.size) sum += rows[at]!;
      const mean = sum / count;
      let squares = 0;
      for (let at = column; at < rows.length; at += this.size) squares += (rows[at]! - mean) ** 2;
      const distance = mean - this.#mean[column]!;
      this.#mean[column]! += (distance * count) / total;
      this.#squares[column]! += squares + (distance ** 2 * this.#count * count) / total;
    }
    this.#count = total;
  }

  /** Means; zeros before anything was seen. */
  get means(): Float64Array {
    return this.#mean.slice();
  }

  /** Standard deviations; ones before anything was seen. */
  get deviations(): Float64Array {
    return this.#squares.map((squares) =>
      this.#count === 0 ? 1 : Math.sqrt(Math.max(squares / this.#count, LEAST_VARIANCE)),
    );
  }

  /** Numbers that `save` returns. */
  get savedSize(): number {
    return 1 + 2 * this.size;
  }

  /** Returns the exact state. */
  save(): Float64Array {
    const saved = new Float64Array(this.savedSize);
    saved[0] = this.#count;
    saved.set(this.#mean, 1);
    saved.set(this.#squares, 1 + this.size);
    return saved;
  }

  /** Takes over what `save` returned. */
  restore(saved: Float64Array): void {
    this.#count = saved[0]!;
    this.#mean.set(saved.subarray(1, 1 + this.size));
    this.#squares.set(saved.subarray(1 + this.size));
  }
}
