/** Lets one waiter through each time it is opened; an opening that nobody waited for is kept, once. */
export class Gate {
  #open = false;
  #waiter: (() => void) | undefined;

  open(): void {
    this.#open = true;
    this.#waiter?.();
  }

  /** Resolves when opened or aborted; aborting is no error here. */
  async pass(signal: AbortSignal): Promise<void> {
    if (!this.#open && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const wake = (): void => resolve(undefined);
      this.#waiter = wake;
      signal.addEventListener('abort', wake);
      await promise;
      signal.removeEventListener('abort', wake);
      this.#waiter = undefined;
    }
    this.#open = false;
  }
}
