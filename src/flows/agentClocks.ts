import type { ClockOffset } from '../model/clockOffset.ts';

const SAME: ClockOffset = { offset: 0, uncertainty: 0 };
/** Offsets that differ by less leave the times that are stored as they are, milliseconds. */
const WORTH_SHIFTING = 0.5;

/** How far the agents' clocks are ahead of ours, by their numbers in the store. */
export class AgentClocks {
  readonly #clocks = new Map<number, ClockOffset>();

  of(agent: number): ClockOffset {
    return this.#clocks.get(agent) ?? SAME;
  }

  /** @returns milliseconds to take off the agent's times that were stored with the offset before; 0 for none */
  set(agent: number, clock: ClockOffset): number {
    const shift = clock.offset - this.of(agent).offset;
    const isWorth = Math.abs(shift) >= WORTH_SHIFTING;
    // Stored times stay those of one offset.
    this.#clocks.set(agent, isWorth ? clock : { ...clock, offset: this.of(agent).offset });
    return isWorth ? shift : 0;
  }
}
