import { setTimeout as delay } from 'node:timers/promises';

export interface BackoffOptions {
  readonly firstMilliseconds: number;
  readonly maximumMilliseconds: number;
}

/** Waits that double up to a maximum, each stretched at random so that many clients do not return at once. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: () => number;
  #next: number;

  constructor(options: BackoffOptions, random: () => number = Math.random) {
    this.#options = options;
    this.#random = random;
    this.#next = options.firstMilliseconds;
  }

  /** The next wait in milliseconds: between its base and one and a half of it. */
  nextMilliseconds(): number {
    const base = this.#next;
    this.#next = Math.min(this.#next * 2, this.#options.maximumMilliseconds);
    return base * (1 + this.#random() / 2);
  }

  /** @throws AbortError when the signal ends the wait */
  async wait(signal: AbortSignal): Promise<void> {
    await delay(this.nextMilliseconds(), undefined, { signal });
  }

  /** After a success the next failure starts from the first wait again. */
  reset(): void {
    this.#next = this.#options.firstMilliseconds;
  }
}
