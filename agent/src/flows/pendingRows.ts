import { ROW } from './flowRow.ts';
import type { FlowTable } from './flowTable.ts';

/** How long a row waits for what sockets may tell, milliseconds: who sends that seldom stays as it is. */
const LONGEST_WAIT = 60_000;
/** In place of a news' number. */
const [AT_ONCE, ANSWERED] = [-1, -2];
/** Rows that wait at most. */
const MOST_ROWS = 20_000;

interface Pending {
  readonly id: number;
  /** Milliseconds since the epoch, 0 before the next occasion. */
  since: number;
  /** The news that it was last stamped with, or AT_ONCE. */
  stamped: number;
  /** Kept time of the row's last packet then. */
  end: number;
}

/** Live rows that wait for a look at sockets and cgroups. */
export class PendingRows {
  readonly #table: FlowTable;
  readonly #news: () => number;
  readonly #most: number;
  readonly #rows = new Map<number, Pending>();

  /** @param most rows that wait at most */
  constructor(table: FlowTable, news: () => number, most = MOST_ROWS) {
    this.#most = most;
    this.#table = table;
    this.#news = news;
  }

  /** A row that the next look may tell more of. */
  add(row: number): void {
    const id = this.#table.idOf(row);
    const known = this.#rows.get(row);
    if (known?.id === id) {
      known.stamped = this.#news();
      known.end = this.#table.uint32(row, ROW.end);
    } else if (this.#rows.size < this.#most) this.#set(row, id, this.#news());
  }

  /** A row to be stamped at the next occasion, look or not. */
  note(row: number): void {
    const [oldest] = this.#rows.keys();
    // What waits longest is the least likely to be told more.
    if (this.#rows.size >= this.#most && oldest !== undefined && !this.#rows.has(row)) {
      this.#rows.delete(oldest);
    }
    this.#set(row, this.#table.idOf(row), AT_ONCE);
  }

  /** Rows to stamp now. Those that are not added again are done with. @param now milliseconds since the epoch */
  *due(now: number): Generator<number> {
    const news = this.#news();
    for (const [row, pending] of [...this.#rows]) {
      const { id, stamped } = pending;
      pending.since ||= now;
      if (!this.#isOpen(row, id) || now - pending.since > LONGEST_WAIT) this.#rows.delete(row);
      // A row of this very interval has no times yet.
      else if (
        (stamped !== news || this.#hasMore(row, pending)) &&
        this.#table.uint32(row, ROW.start) !== 0
      ) {
        pending.stamped = ANSWERED;
        yield row;
        if (pending.stamped === ANSWERED) this.#rows.delete(row);
      }
    }
  }

  /** The row of an ended flow keeps the names it has; it may be another flow's by now. */
  #isOpen(row: number, id: number): boolean {
    return this.#table.isLive(row) && this.#table.idOf(row) === id;
  }

  /** Later packets may have come to who was not there for the first. */
  #hasMore(row: number, { end }: Pending): boolean {
    return this.#table.uint32(row, ROW.end) !== end;
  }

  get size(): number {
    return this.#rows.size;
  }

  #set(row: number, id: number, stamped: number): void {
    this.#rows.set(row, { id, since: 0, stamped, end: this.#table.uint32(row, ROW.end) });
  }
}
