import type { ClockOffset } from '../model/clockOffset.ts';

/** Clocks of two machines drift apart by less than this, milliseconds a millisecond (RFC 5905, 15 parts per million). */
const DRIFT = 15e-6;
/** Both clocks are read in whole milliseconds. */
const RESOLUTION = 1;

interface Sample extends ClockOffset {
  /** Our time when it was taken, milliseconds since the epoch. */
  readonly at: number;
}

/**
 * How far another machine's clock is ahead, from calls that it answers with its time: that is taken as read halfway
 * between question and answer, so it is wrong by half the round trip at most, but for what both clocks do not show. The surest sample is kept; with its age it
 * gets less sure, and one that a new sample contradicts is forgotten: a clock was set.
 */
export class ClockMeter {
  #best: Sample | null = null;

  /** Null before the first answer. */
  get offset(): ClockOffset | null {
    return this.#best;
  }

  /** All times are milliseconds since the epoch: sent and received by our clock, `theirs` by the other. */
  add(sent: number, received: number, theirs: number): void {
    // Our own clock was set back in between.
    if (received < sent) return;
    const sample = {
      offset: theirs - (sent + received) / 2,
      uncertainty: (received - sent) / 2 + RESOLUTION,
      at: received,
    };
    const best = this.#best;
    if (best === null) {
      this.#best = sample;
      return;
    }
    const aged = best.uncertainty + Math.abs(received - best.at) * DRIFT;
    const contradicts = Math.abs(sample.offset - best.offset) > sample.uncertainty + aged;
    if (contradicts || sample.uncertainty <= aged) this.#best = sample;
  }
}
