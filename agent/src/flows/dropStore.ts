import type { Drop } from '../../../src/model/flow.ts';

/** By side instead of direction: who is the client may be known later. */
export interface KeptDrop extends Omit<Drop, 'direction'> {
  readonly fromHigh: boolean;
}

/** Milliseconds since the table's epoch. */
export interface DropTimes {
  readonly first: number;
  readonly last: number;
}

/** What is known of the dropped packets of one flow. */
interface FlowDrops {
  /** Of packets that the flow's low and high side sent. */
  low: DropTimes | null;
  high: DropTimes | null;
  readonly drops: KeptDrop[];
}

const NONE: Readonly<Record<'low' | 'high', DropTimes | null>> = { low: null, high: null };

/** Dropped packets by reason and interface, of the few flows that have any. */
export class DropStore {
  readonly #flows = new Map<number, FlowDrops>();

  /** @param id of the flow @param drop what to add @param at milliseconds since the table's epoch */
  add(id: number, drop: KeptDrop, at: number): void {
    const flow = this.#of(id);
    const side = drop.fromHigh ? 'high' : 'low';
    flow[side] = spanOf(flow[side], { first: at, last: at });
    addDrop(flow, drop);
  }

  /** Gives one flow's drops to another. @param turned whether its low side is the other's high one */
  move(from: number, to: number, turned: boolean): void {
    const moved = this.#flows.get(from);
    if (moved === undefined || from === to) return;
    this.#flows.delete(from);
    const flow = this.#of(to);
    flow.low = spanOf(flow.low, turned ? moved.high : moved.low);
    flow.high = spanOf(flow.high, turned ? moved.low : moved.high);
    for (const drop of moved.drops) addDrop(flow, turned ? { ...drop, fromHigh: !drop.fromHigh } : drop);
  }

  of(id: number): readonly KeptDrop[] {
    return this.#flows.get(id)?.drops ?? [];
  }

  /** When packets of each side were dropped; null where none was. */
  times(id: number): Readonly<Record<'low' | 'high', DropTimes | null>> {
    return this.#flows.get(id) ?? NONE;
  }

  forget(id: number): void {
    this.#flows.delete(id);
  }

  #of(id: number): FlowDrops {
    let flow = this.#flows.get(id);
    if (flow === undefined) {
      flow = { low: null, high: null, drops: [] };
      this.#flows.set(id, flow);
    }
    return flow;
  }
}

function addDrop(flow: FlowDrops, drop: KeptDrop): void {
  const at = flow.drops.findIndex((one) => isSamePlace(one, drop));
  const known = flow.drops[at];
  if (known === undefined) flow.drops.push(drop);
  else flow.drops[at] = { ...known, packets: known.packets + drop.packets };
}

function isSamePlace(one: KeptDrop, other: KeptDrop): boolean {
  return (
    one.reason === other.reason &&
    one.netns === other.netns &&
    one.ifindex === other.ifindex &&
    one.fromHigh === other.fromHigh
  );
}

/** As the public JSON has them. */
export function dropsOf(store: DropStore, id: number, clientIsHigh: boolean): Drop[] {
  return store.of(id).map(({ fromHigh, ...drop }) => ({
    ...drop,
    direction: fromHigh === clientIsHigh ? 'sent' : 'received',
  }));
}

function spanOf(one: DropTimes | null, other: DropTimes | null): DropTimes | null {
  if (one === null || other === null) return one ?? other;
  return { first: Math.min(one.first, other.first), last: Math.max(one.last, other.last) };
}
