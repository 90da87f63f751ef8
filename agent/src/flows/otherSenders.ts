import type { FlowTable } from './flowTable.ts';

/** Rows that are remembered; those of ended flows are sorted out when there are more. */
const MOST_ROWS = 10_000;
const NOBODY: readonly number[] = [];

/** Sides of rows that more than one socket sent as, of different cgroups: it is rare, so rows have no room for it. */
export class OtherSenders {
  readonly #table: FlowTable;
  readonly #rows = new Map<number, { id: number; low: Set<number>; high: Set<number> }>();

  constructor(table: FlowTable) {
    this.#table = table;
  }

  note(row: number, high: boolean, cgroup: number): void {
    const id = this.#table.idOf(row);
    let known = this.#rows.get(row);
    if (known?.id !== id) {
      if (this.#rows.size >= MOST_ROWS) this.#sortOut();
      known = { id, low: new Set(), high: new Set() };
      this.#rows.set(row, known);
    }
    known[high ? 'high' : 'low'].add(cgroup);
  }

  /** Cgroups beside the row's own. */
  of(row: number, high: boolean): readonly number[] {
    const known = this.#rows.get(row);
    return known?.id === this.#table.idOf(row) ? [...known[high ? 'high' : 'low']] : NOBODY;
  }

  #sortOut(): void {
    for (const [row, { id }] of this.#rows) {
      if (this.#table.idOf(row) !== id || !this.#table.isLive(row)) this.#rows.delete(row);
    }
  }
}
