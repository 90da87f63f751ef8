import { FLOW } from '../model/flowRecord.ts';
import type { AgentFlows } from './agentFlows.ts';
import { TUPLES_OF_FLOW } from './tupleIndex.ts';
import type { TupleIndex } from './tupleIndex.ts';

/**
 * Times of one packet on two nodes may differ by this, milliseconds: each node's kernel keeps times by its coarse clock
 * (two jiffies, 20 ms at HZ=100), and packets take their time between the nodes.
 */
const SLACK = 100;

/**
 * Whether flows of two agents that share a tuple are the same conversation. They are when there was a time at which
 * both were there, however wrong the clocks are. Where that is not certain, and of several at one time, those belong
 * together that began and ended most nearly at one time, each being the other's nearest: so a connection that takes the
 * ports of one just over is never taken for that.
 */
export class SameConversation {
  readonly #flows: AgentFlows;
  readonly #index: TupleIndex;

  constructor(flows: AgentFlows, index: TupleIndex) {
    this.#flows = flows;
    this.#index = index;
  }

  /** Whether they were there at one time, or may have been. */
  isNear(slot: number, other: number): boolean {
    return this.#gap(slot, other) <= this.#slack(slot, other);
  }

  /** Both entries are of one tuple. */
  isSame(entry: number, other: number): boolean {
    return this.#picks(entry, other) && this.#picks(other, entry);
  }

  /** Whether, of the agent's flows with this tuple, the other is one that the entry's flow belongs to. */
  #picks(entry: number, other: number): boolean {
    const [slot, chosen] = [slotOf(entry), slotOf(other)];
    if (!this.isNear(slot, chosen)) return false;
    const observer = this.#flows.observerOf(chosen);
    const isCertain = this.#isCertain(slot, chosen);
    const index = this.#index;
    for (let rival = index.first(entry); rival >= 0; rival = index.following(rival, entry)) {
      const rivalSlot = slotOf(rival);
      if (rivalSlot === chosen || rivalSlot === slot) continue;
      if (this.#flows.observerOf(rivalSlot) !== observer || !this.isNear(slot, rivalSlot)) continue;
      const rivalIsCertain = this.#isCertain(slot, rivalSlot);
      const isBetter =
        isCertain === rivalIsCertain ? this.#isNearer(slot, rivalSlot, chosen) : rivalIsCertain;
      if (!isBetter) continue;
      // Well after one another they may both be parts of a longer one: the agent took it for several, or started anew.
      if (isCertain ? this.#isCertain(rivalSlot, chosen) : this.isNear(rivalSlot, chosen)) return false;
    }
    return true;
  }

  /** Both were there at one time, however wrong the clocks are. */
  #isCertain(slot: number, other: number): boolean {
    return this.#gap(slot, other) <= -this.#slack(slot, other);
  }

  /** Milliseconds that one of them would have to be moved for the two to touch; negative: to part. */
  #gap(slot: number, other: number): number {
    const { records } = this.#flows.table;
    return Math.max(
      records.float64(slot, FLOW.start) - records.float64(other, FLOW.end),
      records.float64(other, FLOW.start) - records.float64(slot, FLOW.end),
    );
  }

  #slack(slot: number, other: number): number {
    return SLACK + this.#uncertainty(slot) + this.#uncertainty(other);
  }

  #uncertainty(slot: number): number {
    const { clocks, table } = this.#flows;
    return clocks.of(table.records.uint32(slot, FLOW.agent)).uncertainty;
  }

  #isNearer(slot: number, rival: number, chosen: number): boolean {
    const difference = this.#distance(slot, rival) - this.#distance(slot, chosen);
    if (difference !== 0) return difference < 0;
    const { records } = this.#flows.table;
    const earlier = records.float64(rival, FLOW.start) - records.float64(chosen, FLOW.start);
    if (earlier !== 0) return earlier < 0;
    return records.uint32(rival, FLOW.id) < records.uint32(chosen, FLOW.id);
  }

  #distance(slot: number, other: number): number {
    const { records } = this.#flows.table;
    const apart = (field: number): number =>
      Math.abs(records.float64(slot, field) - records.float64(other, field));
    return apart(FLOW.start) + apart(FLOW.end);
  }
}

export const slotOf = (entry: number): number => Math.floor(entry / TUPLES_OF_FLOW);
