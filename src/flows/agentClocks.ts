import type { ClockOffset } from '../model/clockOffset.ts';

const SAME: ClockOffset = { offset: 0, uncertainty: 0 };
/** Clocks that differ by less are taken as they were, milliseconds. */
const WORTH_A_CHANGE = 0.5;

/** How far the agents' clocks are ahead of ours, by their numbers in the store. */
export class AgentClocks {
  readonly #clocks = new Map<number, ClockOffset>();

  of(agent: number): ClockOffset {
    return this.#clocks.get(agent) ?? SAME;
  }

  /**
   * @returns milliseconds to take off the agent's times that were stored with the clock before; null when it stays as
   * it was
   */
  set(agent: number, clock: ClockOffset): number | null {
    const before = this.of(agent);
    const shift = clock.offset - before.offset;
    const change = Math.max(Math.abs(shift), Math.abs(clock.uncertainty - before.uncertainty));
    if (change < WORTH_A_CHANGE) return null;
    this.#clocks.set(agent, clock);
    return shift;
  }
}
