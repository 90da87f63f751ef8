import { isLoopback, KEY, KEY_BYTES, viewOf } from '../collector/flowLayout.ts';
import type { FlowJoin } from './flowJoin.ts';
import { NONE } from './flowRow.ts';
import type { FlowTable } from './flowTable.ts';
import type { WiredNamespaces } from './wiredNamespaces.ts';

/**
 * One flow of what several observed namespaces see of a connection, when they are wired to each other. Its own key is that
 * of the namespace that stands for them; the others' are further keys of it, so that each has its own sightings.
 */
export class SharedFlows {
  readonly #table: FlowTable;
  readonly #join: FlowJoin;
  readonly #wired: WiredNamespaces;
  readonly #key = new Uint8Array(KEY_BYTES);
  readonly #view = viewOf(this.#key);

  constructor(table: FlowTable, join: FlowJoin, wired: WiredNamespaces) {
    this.#table = table;
    this.#join = join;
    this.#wired = wired;
  }

  /** A row for a key that has none yet, in the flow that another namespace has; NONE where there is none. */
  find(view: DataView, offset: number): number {
    if (!this.#makeShared(view, offset)) return NONE;
    const table = this.#table;
    let row = table.findKey(this.#view, 0);
    if (row === NONE) row = this.#join.open(this.#view, 0);
    if (row === NONE) return NONE;
    const own = table.addKey(table.flowOf(row), view, offset, table.isTurned(row));
    return own === NONE ? row : own;
  }

  /** A row for a key whose flow nobody has yet; NONE where there is no room. */
  start(view: DataView, offset: number): number {
    if (!this.#makeShared(view, offset)) return this.#table.start(view, offset);
    const flow = this.#table.start(this.#view, 0);
    if (flow === NONE) return NONE;
    const own = this.#table.addKey(flow, view, offset, false);
    return own === NONE ? flow : own;
  }

  /** @returns false where the key is the shared one already, or is each namespace's own */
  #makeShared(view: DataView, offset: number): boolean {
    const netns = view.getUint32(offset + KEY.netns, true);
    const shared = this.#wired.sharedBy(netns);
    if (shared === netns) return false;
    if (isLoopback(view, offset + KEY.lowAddress) || isLoopback(view, offset + KEY.highAddress)) return false;
    this.#key.set(new Uint8Array(view.buffer, view.byteOffset + offset, KEY_BYTES));
    this.#view.setUint32(KEY.netns, shared, true);
    return true;
  }
}
