/**
 * Values that can be read again, such as the content of files: found as long as somebody else has them.
 */
export class WeakValues<Value extends object> {
  readonly #values = new Map<string, WeakRef<Value>>();

  get(key: string): Value | undefined {
    return this.#values.get(key)?.deref();
  }

  set(key: string, value: Value): void {
    for (const [other, reference] of this.#values) if (!reference.deref()) this.#values.delete(other);
    this.#values.set(key, new WeakRef(value));
  }
}
