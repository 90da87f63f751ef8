import type { Closable, ProgramStatistics } from '../native/index.d.ts';
import type { Addon } from './collector/addon.ts';
import type { Collection } from './collector/collection.ts';
import { messageOf } from './failure.ts';

/**
 * The kernel's statistics slow every BPF program of the machine down by some 20 ns a run while they are on, so they are
 * on for a second in ten. Milliseconds.
 */
const SPAN = 1000;
const PERIOD = 10_000;

/** A span that is under way. */
interface Span {
  readonly statistics: Closable;
  readonly runTimeNs: bigint;
  /** performance.now() */
  readonly time: number;
}

/** Time of our programs in the kernel, measured in spans. */
export class ProgramCost {
  readonly #addon: Addon;
  readonly #collection: Collection;
  readonly #refused: (message: string) => void;
  #span: Span | undefined;
  #nextSpan = 0;
  #share: number | null = null;

  /** @param refused is told once where the kernel does not turn its statistics on */
  constructor(addon: Addon, collection: Collection, refused: (message: string) => void) {
    this.#addon = addon;
    this.#collection = collection;
    this.#refused = refused;
  }

  /** Begins or ends a span when it is time. */
  tick(): void {
    const now = performance.now();
    if (this.#span === undefined) {
      if (now >= this.#nextSpan) this.#begin(now);
    } else if (now - this.#span.time >= SPAN) {
      this.#end(this.#span);
    }
  }

  /** Mean nanoseconds for a buffer at an observation point; null before any was measured. */
  get perPacket(): number | null {
    return mean(this.#collection.statistics());
  }

  /** Mean nanoseconds for a buffer that the kernel freed as dropped. */
  get perDrop(): number | null {
    return mean(this.#collection.dropStatistics());
  }

  /** Of one CPU, over the last span. */
  get share(): number | null {
    return this.#share;
  }

  /** Measures no longer; figures stay. */
  close(): void {
    this.#nextSpan = Infinity;
    if (this.#span !== undefined) this.#end(this.#span);
  }

  #begin(now: number): void {
    this.#nextSpan = now + PERIOD;
    try {
      // Read first: where that fails, they are not left on.
      const runTimeNs = this.#runTime();
      this.#span = { statistics: this.#addon.enableStatistics(), runTimeNs, time: now };
    } catch (error) {
      this.#nextSpan = Infinity;
      this.#refused(`what the programs cost is not measured: ${messageOf(error)}`);
    }
  }

  #end({ statistics, runTimeNs, time }: Span): void {
    this.#span = undefined;
    statistics.close();
    this.#share = Number(this.#runTime() - runTimeNs) / 1e6 / (performance.now() - time);
  }

  #runTime(): bigint {
    return this.#collection.statistics().runTimeNs + this.#collection.dropStatistics().runTimeNs;
  }
}

function mean({ runTimeNs, runCount }: ProgramStatistics): number | null {
  return runCount === 0n ? null : Number(runTimeNs) / Number(runCount);
}
