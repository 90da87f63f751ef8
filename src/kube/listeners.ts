/** Ends what it came from: a subscription, a reference, a timer. The shape VS Code calls Disposable. */
export interface Disposable {
  dispose(): void;
}

/** A list of callbacks. A callback added during an emit is not called by that emit. */
export class Listeners<T> {
  readonly #callbacks = new Set<(value: T) => void>();

  add(callback: (value: T) => void): Disposable {
    // A wrapper of its own, so that the same function added twice is called twice and removed once.
    const entry = (value: T): void => callback(value);
    this.#callbacks.add(entry);
    return { dispose: () => this.#callbacks.delete(entry) };
  }

  emit(value: T): void {
    for (const callback of [...this.#callbacks]) callback(value);
  }

  clear(): void {
    this.#callbacks.clear();
  }
}
