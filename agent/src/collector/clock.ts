/**
 * Maps the kernel's CLOCK_MONOTONIC to wall time. The offset is taken anew with every drain, because the monotonic
 * clock stops in suspend and drifts from wall time.
 */
export class WallClock {
  #offset = 0;

  /** @param monotonic @param realtime nanoseconds, read together */
  synchronize(monotonic: bigint, realtime: bigint): void {
    this.#offset = Number(realtime - monotonic) / 1e6;
  }

  /** Wall time in milliseconds since the epoch, with fractions. */
  wallTime(monotonicNanoseconds: number): number {
    return monotonicNanoseconds / 1e6 + this.#offset;
  }
}
