import type { Drop } from '../../../src/model/flow.ts';

/** What is known of the dropped packets of one row. */
interface RowDrops {
  /** Milliseconds since the table's epoch. */
  first: number;
  last: number;
  /** Whether the first one came from the high side. */
  readonly fromHigh: boolean;
  readonly drops: { readonly reason: string; readonly point: string | null; packets: number }[];
}

/** Dropped packets by reason and interface, of the few rows that have any. */
export class DropStore {
  readonly #rows = new Map<number, RowDrops>();

  /** @param id of the row @param drop what to add @param at milliseconds since the table's epoch */
  add(id: number, { reason, point, packets }: Drop, at: number, fromHigh: boolean): void {
    let row = this.#rows.get(id);
    if (row === undefined) {
      row = { first: at, last: at, fromHigh, drops: [] };
      this.#rows.set(id, row);
    }
    row.first = Math.min(row.first, at);
    row.last = Math.max(row.last, at);
    const known = row.drops.find((one) => one.reason === reason && one.point === point);
    if (known === undefined) row.drops.push({ reason, point, packets });
    else known.packets += packets;
  }

  /** Gives one row's drops to another. @param turned whether its low side is the other's high one */
  move(from: number, to: number, turned: boolean): void {
    const moved = this.#rows.get(from);
    if (moved === undefined || from === to) return;
    this.#rows.delete(from);
    const row = this.#rows.get(to);
    if (row === undefined) {
      this.#rows.set(to, { ...moved, fromHigh: moved.fromHigh !== turned });
      return;
    }
    for (const drop of moved.drops) this.add(to, drop, moved.first, moved.fromHigh !== turned);
    row.last = Math.max(row.last, moved.last);
  }

  of(id: number): readonly Drop[] {
    return this.#rows.get(id)?.drops ?? [];
  }

  /** When packets of the row were dropped, and whose came first; undefined without any. */
  times(id: number): Pick<RowDrops, 'first' | 'last' | 'fromHigh'> | undefined {
    return this.#rows.get(id);
  }

  forget(id: number): void {
    this.#rows.delete(id);
  }
}
