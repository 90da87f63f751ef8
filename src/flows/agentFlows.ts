import { FLOW, FLOW_BITS, FLOW_RECORD_BYTES, SIGHTING, SIGHTING_RECORD_BYTES } from '../model/flowRecord.ts';
import type { ClockOffset } from '../model/clockOffset.ts';
import { FlowRecords, SightingRecords } from '../model/flowRecords.ts';
import { AgentClocks } from './agentClocks.ts';
import { agentOfKey, keyOf } from './agentKey.ts';
import { AgentNames } from './agentNames.ts';
import { DropRows } from './dropRows.ts';
import { EndpointTable } from './endpointTable.ts';
import { SLOT } from './flowPicture.ts';
import { FlowTable } from './flowTable.ts';
import type { AgentDrop, FlowUpdate } from './flowUpdate.ts';
import { SightingStore } from './sightingStore.ts';

/** Is told what becomes of the flows in slots. */
export interface FlowFollower {
  /** A flow came, was updated or ended. */
  changed(slot: number): void;
  /** A flow is about to leave its slot. */
  removing(slot: number): void;
}

/** Absorbed flows whose heirs are kept in mind. */
const MOST_HEIRS = 20_000;

/**
 * Every agent's flows as it tells them, as packed records with ids of the session: endpoints, and addresses before and
 * after NAT. Times are those of this machine's clock, as far as the agent's offset is known. An update replaces its
 * flow's record.
 */
export class AgentFlows {
  readonly names = new AgentNames();
  readonly endpoints = new EndpointTable(this.names.addresses);
  readonly clocks = new AgentClocks();
  readonly table = new FlowTable();
  readonly sightings = new SightingStore();
  readonly drops = new DropRows();
  /** Slots of ended flows, oldest first: a Set keeps the order of insertion. */
  readonly ended = new Set<number>();
  follower: FlowFollower | null = null;
  readonly #slots = new Map<number, number>();
  /** By the agent's number: its number on the wire, which stays when it starts anew. */
  readonly #observers: number[] = [];
  /** From an absorbed flow to the one that has its figures. */
  readonly #heirs = new Map<number, number>();

  get size(): number {
    return this.#slots.size;
  }

  /** Makes an agent known. @param observer what it and those that came before it in its place have in common */
  addAgent(agent: number, observer: number): void {
    this.#observers[agent] = observer;
  }

  /** Who tells of the flow in a slot, or told before the agent started anew. */
  observerOf(slot: number): number {
    return this.#observers[this.table.records.uint32(slot, FLOW.agent)] ?? -1;
  }

  /** Throws RangeError when flows or sightings are not whole records. */
  apply(agent: number, update: FlowUpdate): void {
    this.endpoints.define(agent, update.endpoints);
    this.names.define(agent, update);
    const records = new FlowRecords(update.flows);
    const sightings = new SightingRecords(update.sightings);
    this.#putFlows(agent, records, update.flows);
    this.#putSightings(agent, sightings, update.sightings);
    this.#putDrops(agent, update.drops);
    this.#endFlows(agent, update.ended);
    this.#removeAbsorbed(agent, update.absorbed);
  }

  slotOf(agent: number, flow: number): number | undefined {
    return this.#slots.get(keyOf(agent, flow));
  }

  /** The slot of a flow, or of the one that absorbed it. */
  heirSlot(agent: number, flow: number): number | undefined {
    let key: number | undefined = keyOf(agent, flow);
    // As many steps as there are heirs at most: a ring of them would be an agent's mistake.
    for (let step = 0; key !== undefined && step <= this.#heirs.size; step++) {
      const slot = this.#slots.get(key);
      if (slot !== undefined) return slot;
      key = this.#heirs.get(key);
    }
    return undefined;
  }

  /** The agent will tell nothing more of its flows. */
  endAgent(agent: number): void {
    for (const [key, slot] of this.#slots) if (agentOfKey(key) === agent) this.#end(slot);
  }

  /** @returns whether the agent's flows may be taken for other conversations by it */
  setClock(agent: number, clock: ClockOffset): boolean {
    const shift = this.clocks.set(agent, clock);
    if (shift === null) return false;
    for (const [key, slot] of this.#slots) if (agentOfKey(key) === agent) this.#shiftTimes(slot, shift);
    return true;
  }

  remove(slot: number): void {
    this.follower?.removing(slot);
    const { records } = this.table;
    this.#slots.delete(keyOf(records.uint32(slot, FLOW.agent), records.uint32(slot, FLOW.id)));
    this.ended.delete(slot);
    this.sightings.remove(slot);
    this.drops.remove(slot);
    this.table.remove(slot);
  }

  #putFlows(agent: number, records: FlowRecords, bytes: Uint8Array): void {
    const { offset } = this.clocks.of(agent);
    for (let row = 0; row < records.count; row++) {
      const slot = this.#slotFor(keyOf(agent, records.uint32(row, FLOW.id)));
      this.table.put(slot, bytes.subarray(row * FLOW_RECORD_BYTES, (row + 1) * FLOW_RECORD_BYTES));
      const stored = this.table.records;
      for (const field of [FLOW.client, FLOW.server, FLOW.service]) {
        stored.setUint32(slot, field, this.endpoints.idOf(agent, records.uint32(row, field)));
      }
      for (const field of [FLOW.askedAddress, FLOW.translatedAddress]) {
        stored.setUint32(slot, field, this.names.addressNumber(agent, records.uint32(row, field)));
      }
      stored.setUint32(slot, FLOW.agent, agent);
      this.drops.remove(slot);
      if (offset !== 0) this.#shiftTimes(slot, offset);
      if ((records.uint8(row, FLOW.bits) & FLOW_BITS.final) !== 0) this.#end(slot);
      this.follower?.changed(slot);
    }
  }

  #slotFor(key: number): number {
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = this.table.add();
      this.#slots.set(key, slot);
    }
    this.ended.delete(slot);
    this.table.setState(slot, SLOT.live);
    return slot;
  }

  #shiftTimes(slot: number, offset: number): void {
    const { records } = this.table;
    for (const field of [FLOW.start, FLOW.end]) {
      records.setFloat64(slot, field, records.float64(slot, field) - offset);
    }
  }

  /** Sightings of one flow usually stand together; where they do not, the later ones are added to the first. */
  #putSightings(agent: number, records: SightingRecords, bytes: Uint8Array): void {
    const seen = new Set<number>();
    let next = 0;
    while (next < records.count) {
      const row = next;
      const flow = records.uint32(row, SIGHTING.flow);
      while (next < records.count && records.uint32(next, SIGHTING.flow) === flow) next++;
      const slot = this.slotOf(agent, flow);
      if (slot === undefined) continue;
      const run = bytes.subarray(row * SIGHTING_RECORD_BYTES, next * SIGHTING_RECORD_BYTES);
      if (seen.has(slot)) this.sightings.append(slot, run);
      else this.sightings.put(slot, run);
      seen.add(slot);
    }
  }

  #putDrops(agent: number, drops: readonly AgentDrop[]): void {
    for (const { flow, drop } of drops) {
      const slot = this.slotOf(agent, flow);
      if (slot !== undefined) this.drops.add(slot, drop);
    }
  }

  #endFlows(agent: number, ended: Uint8Array): void {
    const ids = new DataView(ended.buffer, ended.byteOffset, ended.byteLength);
    for (let offset = 0; offset + 4 <= ids.byteLength; offset += 4) {
      const slot = this.slotOf(agent, ids.getUint32(offset, true));
      if (slot !== undefined) this.#end(slot);
    }
  }

  #end(slot: number): void {
    if (this.table.state(slot) !== SLOT.live) return;
    this.table.setState(slot, SLOT.ended);
    const { records } = this.table;
    records.setUint8(slot, FLOW.bits, records.uint8(slot, FLOW.bits) | FLOW_BITS.final);
    this.ended.add(slot);
    this.follower?.changed(slot);
  }

  /** The flow that absorbed another comes with both their figures: the other row would count them twice. */
  #removeAbsorbed(agent: number, absorbed: Uint8Array): void {
    const pairs = new DataView(absorbed.buffer, absorbed.byteOffset, absorbed.byteLength);
    for (let offset = 0; offset + 8 <= pairs.byteLength; offset += 8) {
      const flow = pairs.getUint32(offset, true);
      this.#inherit(keyOf(agent, flow), keyOf(agent, pairs.getUint32(offset + 4, true)));
      const slot = this.slotOf(agent, flow);
      if (slot !== undefined) this.remove(slot);
    }
  }

  #inherit(flow: number, heir: number): void {
    this.#heirs.delete(flow);
    this.#heirs.set(flow, heir);
    for (const oldest of this.#heirs.keys()) {
      if (this.#heirs.size <= MOST_HEIRS) return;
      this.#heirs.delete(oldest);
    }
  }
}
