import type { DnsExchange } from './exchange.ts';

/** The latest exchanges, numbered from 1, for readers that each keep their own place. */
export class DnsHistory {
  readonly #capacity: number;
  readonly #kept: DnsExchange[] = [];
  #sequence = 0;

  constructor(capacity = 4096) {
    this.#capacity = capacity;
  }

  /** Number of the latest exchange. */
  get sequence(): number {
    return this.#sequence;
  }

  add(exchange: DnsExchange): void {
    this.#kept[this.#sequence % this.#capacity] = exchange;
    this.#sequence += 1;
  }

  /** Exchanges behind a number, oldest first, and how many of them are kept no more. */
  since(sequence: number): { exchanges: DnsExchange[]; missed: number } {
    const first = Math.max(sequence, this.#sequence - this.#capacity);
    const exchanges: DnsExchange[] = [];
    for (let at = first; at < this.#sequence; at += 1) {
      const exchange = this.#kept[at % this.#capacity];
      if (exchange !== undefined) exchanges.push(exchange);
    }
    return { exchanges, missed: first - sequence };
  }
}
