import { FLOW, VERDICTS } from '../model/flowRecord.ts';
import type { FlowColumn, FlowGrouping, FlowSort, GroupLine } from '../model/panelMessages.ts';
import type { EndpointTable } from './endpointTable.ts';
import type { FlowPicture } from './flowPicture.ts';
import { SLOT } from './flowPicture.ts';
import { GroupNames, NO_GROUP } from './groupNames.ts';
import type { OpenGroups } from './openGroups.ts';

/** In an order of lines: this and more is a group's number, less is a flow's slot. */
export const FIRST_GROUP = 2 ** 31;

/** Sums of one group, one after the other in an array of floats. */
const SUM = {
  flows: 0,
  live: 1,
  failing: 2,
  sentPackets: 3,
  sentBytes: 4,
  receivedPackets: 5,
  receivedBytes: 6,
  rate: 7,
  start: 8,
  end: 9,
} as const;
const SUMS = 10;

const GROUP_FIELDS = { client: FLOW.client, server: FLOW.server, service: FLOW.service } as const;
const FAILING = VERDICTS.map((verdict) => verdict !== 'forwarded' && verdict !== 'unknown');

/** Puts flows under the lines of their groups, and adds up each group. One pass over the flows, no object a flow. */
export class FlowGroups {
  readonly #by: Exclude<FlowGrouping, 'none'>;
  readonly #endpoints: EndpointTable;
  readonly #open: OpenGroups;
  readonly #names: GroupNames;
  #sums = new Float64Array(0);
  /** The group of each slot, as far as it was asked for last. */
  #ofSlot = new Uint32Array(0);

  constructor(by: Exclude<FlowGrouping, 'none'>, endpoints: EndpointTable, open: OpenGroups) {
    this.#by = by;
    this.#endpoints = endpoints;
    this.#open = open;
    this.#names = new GroupNames(by);
  }

  /**
   * The table's lines from the flows that pass: each group, and below it its flows where it is open.
   * @param sorted puts slots in the order of the table
   */
  arrange(
    picture: FlowPicture,
    slots: Uint32Array,
    sort: FlowSort,
    sorted: (slots: Uint32Array) => Uint32Array,
  ): Uint32Array {
    this.#names.update(this.#endpoints);
    this.#addUp(picture, slots);
    const groups = this.#sortedGroups(sort);
    const isOpen = this.#openFlags();
    const next = new Uint32Array(this.#names.count);
    const order = new Uint32Array(groups.length + this.#shownFlows(isOpen));
    let line = 0;
    for (const group of groups) {
      order[line++] = FIRST_GROUP + group;
      next[group] = line;
      if (isOpen[group] === 1) line += this.#sum(group, SUM.flows);
    }
    const shown = new Uint32Array(order.length - groups.length);
    let count = 0;
    for (const slot of slots) if (isOpen[this.#ofSlot[slot] ?? NO_GROUP] === 1) shown[count++] = slot;
    for (const slot of sorted(shown)) {
      const group = this.#ofSlot[slot] ?? NO_GROUP;
      const place = next[group] ?? 0;
      order[place] = slot;
      next[group] = place + 1;
    }
    return order;
  }

  /** @param row of the window */
  line(group: number, row: number): GroupLine {
    const sum = (field: number): number => this.#sum(group, field);
    const { key, name } = this.#names.group(group) ?? { key: '', name: null };
    return {
      row,
      key,
      name,
      open: this.#isOpen(group),
      flows: sum(SUM.flows),
      live: sum(SUM.live),
      failing: sum(SUM.failing),
      sentPackets: sum(SUM.sentPackets),
      sentBytes: sum(SUM.sentBytes),
      receivedPackets: sum(SUM.receivedPackets),
      receivedBytes: sum(SUM.receivedBytes),
      rate: sum(SUM.rate),
      start: sum(SUM.start),
      end: sum(SUM.end),
    };
  }

  /** 1 for each group that is open. */
  #openFlags(): Uint8Array {
    const flags = new Uint8Array(this.#names.count);
    for (let group = 0; group < flags.length; group++) if (this.#isOpen(group)) flags[group] = 1;
    return flags;
  }

  #shownFlows(isOpen: Uint8Array): number {
    return isOpen.reduce((total, open, group) => total + open * this.#sum(group, SUM.flows), 0);
  }

  #isOpen(group: number): boolean {
    return this.#open.has(this.#names.group(group)?.key ?? '');
  }

  #sum(group: number, field: number): number {
    return this.#sums[group * SUMS + field] ?? 0;
  }

  #addUp(picture: FlowPicture, slots: Uint32Array): void {
    const { records, states, rates } = picture;
    const sums = new Float64Array(this.#names.count * SUMS);
    const field = GROUP_FIELDS[this.#by];
    if (this.#ofSlot.length < picture.slots) this.#ofSlot = new Uint32Array(picture.slots * 2);
    for (const slot of slots) {
      const group = this.#names.ofEndpoint(records.uint32(slot, field));
      this.#ofSlot[slot] = group;
      const base = group * SUMS;
      const start = records.float64(slot, FLOW.start);
      const isFirst = sums[base + SUM.flows] === 0;
      if (isFirst || start < (sums[base + SUM.start] ?? 0)) sums[base + SUM.start] = start;
      sums[base + SUM.end] = Math.max(sums[base + SUM.end] ?? 0, records.float64(slot, FLOW.end));
      add(sums, base + SUM.flows, 1);
      if (states[slot] === SLOT.live) add(sums, base + SUM.live, 1);
      if (FAILING[records.uint8(slot, FLOW.verdict)] === true) add(sums, base + SUM.failing, 1);
      add(sums, base + SUM.sentPackets, records.float64(slot, FLOW.sentPackets));
      add(sums, base + SUM.sentBytes, records.float64(slot, FLOW.sentBytes));
      add(sums, base + SUM.receivedPackets, records.float64(slot, FLOW.receivedPackets));
      add(sums, base + SUM.receivedBytes, records.float64(slot, FLOW.receivedBytes));
      add(sums, base + SUM.rate, rates[slot] ?? 0);
    }
    this.#sums = sums;
  }

  /** Groups that have flows, as the sort has them where it speaks of what groups have, else by name; the nameless last. */
  #sortedGroups({ column, descending }: FlowSort): number[] {
    const ranks = this.#names.ranks();
    const figure = this.#figureOf(column);
    const byName = column === this.#by && descending ? -1 : 1;
    const groups: number[] = [];
    for (let group = 0; group < this.#names.count; group++) {
      if (this.#sum(group, SUM.flows) > 0) groups.push(group);
    }
    return groups.sort((a, b) => {
      if (a === NO_GROUP || b === NO_GROUP) return a === NO_GROUP ? 1 : -1;
      const order = figure === null ? 0 : (figure(a) - figure(b)) * (descending ? -1 : 1);
      return order || ((ranks[a] ?? 0) - (ranks[b] ?? 0)) * byName || a - b;
    });
  }

  #figureOf(column: FlowColumn): ((group: number) => number) | null {
    switch (column) {
      case 'verdict':
        return (group) => this.#sum(group, SUM.failing);
      case 'sent':
        return (group) => this.#sum(group, SUM.sentBytes);
      case 'received':
        return (group) => this.#sum(group, SUM.receivedBytes);
      case 'rate':
        return (group) => this.#sum(group, SUM.rate);
      case 'duration':
        return (group) => this.#sum(group, SUM.end) - this.#sum(group, SUM.start);
      case 'last':
        return (group) => Math.floor(this.#sum(group, SUM.end) / 1000);
      default:
        return null;
    }
  }
}

function add(sums: Float64Array, at: number, value: number): void {
  sums[at] = (sums[at] ?? 0) + value;
}
