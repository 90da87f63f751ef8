import type { Drop } from '../model/flow.ts';

/** Dropped packets of the flows in slots: of the few that have any. */
export class DropRows {
  readonly #bySlot = new Map<number, readonly Drop[]>();

  add(slot: number, drop: Drop): void {
    this.#bySlot.set(slot, [...this.get(slot), drop]);
  }

  get(slot: number): readonly Drop[] {
    return this.#bySlot.get(slot) ?? [];
  }

  remove(slot: number): void {
    this.#bySlot.delete(slot);
  }
}
