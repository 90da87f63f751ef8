import type { Translation } from '../model/flow.ts';
import { FLOW_RECORD_BYTES } from '../model/flowRecord.ts';
import type { FlowFilter, FlowGrouping, FlowSort, FlowsWindow, GroupLine } from '../model/panelMessages.ts';
import { FIRST_GROUP, FlowGroups } from './flowGroups.ts';
import type { FlowPicture } from './flowPicture.ts';
import { SLOT } from './flowPicture.ts';
import type { FlowStore } from './flowStore.ts';
import { OpenGroups } from './openGroups.ts';
import { RowFilter } from './rowFilter.ts';
import { sortKeyOf } from './sortKeys.ts';
import { isTranslated, translationsOf } from './translations.ts';

/** Live flows first by activity: what moved in this second on top, in a steady order. */
export const DEFAULT_SORT: FlowSort = { column: 'last', descending: true };
export const DEFAULT_FILTER: FlowFilter = { text: '', verdict: null, ended: true };

/** Sorting waits at least this long, and ten times what the last sorting took. */
const SORT_INTERVAL_MILLISECONDS = 500;
const SORT_SHARE = 10;

/** How a view shows its flows; another view can be given the same. */
export interface FlowLook {
  readonly filter: FlowFilter;
  readonly sort: FlowSort;
  readonly grouping: FlowGrouping;
  readonly openGroups: OpenGroups;
}

/**
 * A filtered, sorted and perhaps grouped look at a store, read in windows. Rows keep their places between sortings; their figures are
 * always the newest. Paused, it shows the flows of that moment, which can still be filtered, sorted and scrolled.
 */
export class FlowView {
  readonly #store: FlowStore;
  readonly #clock: () => number;
  #filter = DEFAULT_FILTER;
  #sort = DEFAULT_SORT;
  #rowFilter: RowFilter;
  #grouping: FlowGrouping = 'none';
  #openGroups = new OpenGroups();
  #groups: FlowGroups | null = null;
  #frozen: FlowPicture | null = null;
  /** Lines of the table: slots of flows, and groups from FIRST_GROUP on. */
  #order: Uint32Array = new Uint32Array(0);
  #matching = 0;
  #keys = new Float64Array(0);
  #total = 0;
  #changed = true;
  #sortedRevision = -1;
  #sortedRemovals = 0;
  #sortedAt = -Infinity;
  #sortCost = 0;

  /** `clock` gives milliseconds that only go forward. */
  constructor(store: FlowStore, clock: () => number = () => performance.now()) {
    this.#store = store;
    this.#clock = clock;
    this.#rowFilter = new RowFilter(this.#filter, store);
  }

  get filter(): FlowFilter {
    return this.#filter;
  }

  get sort(): FlowSort {
    return this.#sort;
  }

  get grouping(): FlowGrouping {
    return this.#grouping;
  }

  get look(): FlowLook {
    return {
      filter: this.#filter,
      sort: this.#sort,
      grouping: this.#grouping,
      openGroups: this.#openGroups,
    };
  }

  get paused(): boolean {
    return this.#frozen !== null;
  }

  /** Milliseconds that the last sorting took. */
  get sortCost(): number {
    return this.#sortCost;
  }

  setFilter(filter: FlowFilter): void {
    this.#filter = filter;
    this.#rowFilter = new RowFilter(filter, this.#store);
    this.#changed = true;
  }

  setSort(sort: FlowSort): void {
    this.#sort = sort;
    this.#changed = true;
  }

  /** Another grouping begins with all groups closed. */
  setGrouping(by: FlowGrouping): void {
    if (by === this.#grouping) return;
    this.#openGroups = new OpenGroups();
    this.#group(by);
  }

  /** Opens or closes a group by its key, or all where that is null. */
  openGroup(key: string | null, open: boolean): void {
    if (key === null) this.#openGroups.setAll(open);
    else this.#openGroups.set(key, open);
    this.#changed = true;
  }

  adopt({ filter, sort, grouping, openGroups }: FlowLook): void {
    this.setFilter(filter);
    this.setSort(sort);
    this.#openGroups = openGroups;
    this.#group(grouping);
  }

  pause(now: number): void {
    if (this.#frozen !== null) return;
    this.#frozen = this.#store.frozenPicture(now);
    this.#changed = true;
  }

  resume(): void {
    this.#frozen = null;
    this.#changed = true;
  }

  /** Filters and sorts again if something changed and it is time; true when it did. */
  refresh(now: number): boolean {
    const started = this.#clock();
    if (!this.#changed && !this.#due(started)) return false;
    this.#sortedRevision = this.#store.revision;
    this.#sortedRemovals = this.#store.removals;
    this.#changed = false;
    this.#reorder(this.#picture(now));
    this.#sortedAt = this.#clock();
    this.#sortCost = this.#sortedAt - started;
    return true;
  }

  /** Lines from `first` on, at most `count`; call `refresh` before. Buffers are copies of exact length. */
  window(first: number, count: number, now: number): FlowsWindow {
    const picture = this.#picture(now);
    const start = Math.max(0, Math.min(first, this.#order.length));
    const lines = this.#order.subarray(start, start + Math.max(0, count));
    const rows = new Uint8Array(lines.length * FLOW_RECORD_BYTES);
    const rates = new Float64Array(lines.length);
    const groups: GroupLine[] = [];
    const translated: FlowsWindow['translated'][number][] = [];
    lines.forEach((line, row) => {
      if (line >= FIRST_GROUP) {
        if (this.#groups !== null) groups.push(this.#groups.line(line - FIRST_GROUP, row));
        return;
      }
      const record = picture.bytes.subarray(line * FLOW_RECORD_BYTES, (line + 1) * FLOW_RECORD_BYTES);
      rows.set(record, row * FLOW_RECORD_BYTES);
      rates[row] = picture.rates[line] ?? 0;
      if (isTranslated(picture.records, line)) translated.push({ row, nat: this.#nat(picture, line) });
    });
    return {
      matching: this.#matching,
      total: this.#total,
      lines: this.#order.length,
      droppedEnded: picture.droppedEnded,
      first: start,
      rows: rows.buffer,
      rates: rates.buffer,
      groups,
      translated,
      now: picture.now,
    };
  }

  #nat({ records }: FlowPicture, slot: number): Translation[] {
    return translationsOf(records, slot, this.#store.recordNames);
  }

  #group(by: FlowGrouping): void {
    this.#grouping = by;
    this.#groups = by === 'none' ? null : new FlowGroups(by, this.#store.endpoints, this.#openGroups);
    this.#changed = true;
  }

  #due(time: number): boolean {
    if (this.#frozen !== null || this.#sortedRevision === this.#store.revision) return false;
    // Another flow may have the slot of one that went by now.
    if (this.#sortedRemovals !== this.#store.removals) return true;
    return time - this.#sortedAt >= Math.max(SORT_INTERVAL_MILLISECONDS, this.#sortCost * SORT_SHARE);
  }

  #picture(now: number): FlowPicture {
    return this.#frozen ?? this.#store.picture(now);
  }

  #reorder(picture: FlowPicture): void {
    this.#rowFilter.update();
    this.#total = countHeld(picture);
    const slots = new Uint32Array(picture.slots);
    let count = 0;
    for (let slot = 0; slot < picture.slots; slot++) {
      if (this.#rowFilter.passes(picture, slot)) slots[count++] = slot;
    }
    const passing = slots.subarray(0, count);
    this.#matching = count;
    const sorted = (some: Uint32Array): Uint32Array => this.#sorted(picture, some);
    this.#order = this.#groups?.arrange(picture, passing, this.#sort, sorted) ?? sorted(passing);
  }

  /** Empty cells come last in both directions; equal cells keep the order of slots. */
  #sorted(picture: FlowPicture, slots: Uint32Array): Uint32Array {
    const { column, descending } = this.#sort;
    const key = sortKeyOf(column, picture, this.#store.endpoints);
    if (this.#keys.length < picture.slots) this.#keys = new Float64Array(picture.slots * 2);
    const keys = this.#keys;
    for (const slot of slots) {
      const value = key(slot);
      keys[slot] = value === null ? Infinity : descending ? -value : value;
    }
    return slots.sort((a, b) => {
      const left = keys[a] ?? 0;
      const right = keys[b] ?? 0;
      return left < right ? -1 : left > right ? 1 : a - b;
    });
  }
}

function countHeld({ states, slots }: FlowPicture): number {
  let held = 0;
  for (let slot = 0; slot < slots; slot++) if (states[slot] !== SLOT.free) held++;
  return held;
}
