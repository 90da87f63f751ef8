import { COARSE_UNIT } from './flowLayout.ts';

/** Packet times come from the kernel's coarse clock and are kept for a tick: up to two jiffies (at HZ=100) behind. Milliseconds. */
export const COARSE_DELAY = 20;

/**
 * Maps the kernel's CLOCK_MONOTONIC to wall time. The offset is taken anew with every drain, because the monotonic
 * clock stops in suspend and drifts from wall time.
 */
export class WallClock {
  #offset = 0;
  #coarse = 0;

  /** @param monotonic @param realtime nanoseconds, read together */
  synchronize(monotonic: bigint, realtime: bigint): void {
    this.#offset = Number(realtime - monotonic) / 1e6;
    this.#coarse = Math.floor(Number(monotonic) / COARSE_UNIT);
  }

  /** As wallTime, of the kernel's coarse time: uint32, which comes round after 52 days. Takes the time nearest to the last drain. */
  coarseWallTime(coarse: number): number {
    const behind = (this.#coarse - coarse) | 0;
    return this.wallTime((this.#coarse - behind) * COARSE_UNIT);
  }

  /** Wall time in milliseconds since the epoch, with fractions. */
  wallTime(monotonicNanoseconds: number): number {
    return monotonicNanoseconds / 1e6 + this.#offset;
  }
}
