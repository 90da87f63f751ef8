import { FLOW, FLOW_BITS, FLOW_RECORD_BYTES, SIGHTING, SIGHTING_RECORD_BYTES } from '../model/flowRecord.ts';
import type { Translation } from '../model/flow.ts';
import { FlowRecords, SightingRecords } from '../model/flowRecords.ts';
import type { SightingRow, TunnelRow } from '../model/panelMessages.ts';
import { EndpointTable } from './endpointTable.ts';
import type { FlowPicture } from './flowPicture.ts';
import { SLOT } from './flowPicture.ts';
import { FlowTable } from './flowTable.ts';
import type { AgentPoint, AgentTunnel, FlowUpdate } from './flowUpdate.ts';
import { SightingStore } from './sightingStore.ts';
import type { RecordNames } from './translations.ts';
import { translationsOf } from './translations.ts';
import { TUNNEL_FIELDS, tunnelRow } from './tunnelRow.ts';

export interface FlowStoreLimits {
  /** Ended flows that are kept; beyond that the oldest are dropped and counted. */
  readonly ended: number;
}

export interface FlowDetail {
  /** One flow record. */
  readonly record: ArrayBuffer;
  readonly sightings: readonly SightingRow[];
  readonly tunnels: readonly TunnelRow[];
  readonly nat: readonly Translation[];
}

const DEFAULT_LIMITS: FlowStoreLimits = { ended: 20_000 };
const RATE_INTERVAL_MILLISECONDS = 1000;

/**
 * All flows of one session as packed records. An update replaces its flow's record. Agents and endpoints have numbers
 * of the session here: an agent that starts anew gets another number, so that its ids never meet those of before.
 */
export class FlowStore {
  readonly endpoints = new EndpointTable();
  readonly #limits: FlowStoreLimits;
  readonly #table = new FlowTable();
  readonly #sightings = new SightingStore();
  readonly #slots = new Map<number, number>();
  /** Slots of ended flows, oldest first: a Set keeps the order of insertion. */
  readonly #endedSlots = new Set<number>();
  readonly #points = new Map<number, AgentPoint>();
  readonly #addresses = new Map<number, string>();
  readonly #tunnels = new Map<number, AgentTunnel>();
  /** From the number on the wire to the number in the store. */
  readonly #agents = new Map<number, number>();
  #agentsEver = 0;
  #measuredAt: number | null = null;
  #revision = 0;
  #droppedEnded = 0;
  #skippedUpdates = 0;
  #activeFlows = 0;

  constructor(limits: FlowStoreLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
  }

  /** Changes with every change of the store. */
  get revision(): number {
    return this.#revision;
  }

  /** Flows held, live and ended. */
  get size(): number {
    return this.#slots.size;
  }

  /** Ended flows held. */
  get ended(): number {
    return this.#endedSlots.size;
  }

  /** Ended flows no longer held. */
  get droppedEnded(): number {
    return this.#droppedEnded;
  }

  /** Updates that agents dropped because they were read too slowly. */
  get skippedUpdates(): number {
    return this.#skippedUpdates;
  }

  /** Flows that had traffic during the last whole second. */
  get activeFlows(): number {
    return this.#activeFlows;
  }

  /** Throws RangeError when flows or sightings are not whole records. */
  apply(update: FlowUpdate): void {
    const agent = this.#agentOf(update);
    this.endpoints.define(agent, update.endpoints);
    for (const point of update.points) this.#points.set(keyOf(agent, point.id), point);
    for (const { id, address } of update.addresses) this.#addresses.set(keyOf(agent, id), address);
    for (const tunnel of update.tunnels) this.#tunnels.set(keyOf(agent, tunnel.id), tunnel);
    this.#putFlows(agent, update.flows);
    this.#putSightings(agent, update.sightings);
    this.#endFlows(agent, update.ended);
    this.#removeAbsorbed(agent, update.absorbed);
    this.#dropOldestEnded();
    this.#skippedUpdates += update.skippedUpdates;
    this.#revision++;
  }

  /** Takes rates when a second has passed since they were last taken; true when it did. */
  measure(now: number): boolean {
    const elapsed = this.#measuredAt === null ? 0 : now - this.#measuredAt;
    if (this.#measuredAt !== null && elapsed < RATE_INTERVAL_MILLISECONDS) return false;
    this.#measuredAt = now;
    this.#activeFlows = this.#table.measure(elapsed / 1000);
    this.#revision++;
    return true;
  }

  /** The slot of a flow, by its agent's number in the store. */
  slotOf(agent: number, flow: number): number | undefined {
    return this.#slots.get(keyOf(agent, flow));
  }

  /** A flow's record and its sightings with their names; null when it is no longer held. */
  detail(agent: number, flow: number): FlowDetail | null {
    const slot = this.slotOf(agent, flow);
    if (slot === undefined) return null;
    const record = this.#table.get(slot).buffer;
    const nat = translationsOf(new FlowRecords(record), 0, this.recordNames(agent));
    return {
      record,
      sightings: this.#sightingRows(agent, this.#sightings.get(slot)),
      tunnels: this.#tunnelRows(agent, slot),
      nat,
    };
  }

  /** Texts of the ids in this agent's records. */
  recordNames(agent: number): RecordNames {
    return {
      address: (id) => this.#addresses.get(keyOf(agent, id)) ?? '?',
      endpoint: (id) => this.endpoints.endpoint(id)?.address ?? '?',
    };
  }

  /** The flows as they are; take it again after every change. */
  picture(now: number): FlowPicture {
    return this.#table.picture(now, this.#droppedEnded);
  }

  /** The flows as they are now, for good. */
  frozenPicture(now: number): FlowPicture {
    return this.#table.frozenPicture(now, this.#droppedEnded);
  }

  #agentOf(update: FlowUpdate): number {
    const known = this.#agents.get(update.agent);
    if (known !== undefined && !update.reset) return known;
    if (known !== undefined) this.#endAgent(known);
    const agent = this.#agentsEver++;
    this.#agents.set(update.agent, agent);
    return agent;
  }

  #endAgent(agent: number): void {
    for (const [key, slot] of this.#slots) if (agentOfKey(key) === agent) this.#end(slot);
  }

  #putFlows(agent: number, flows: Uint8Array): void {
    const records = new FlowRecords(flows);
    for (let row = 0; row < records.count; row++) {
      const slot = this.#slotFor(keyOf(agent, records.uint32(row, FLOW.id)));
      this.#table.put(slot, flows.subarray(row * FLOW_RECORD_BYTES, (row + 1) * FLOW_RECORD_BYTES));
      const stored = this.#table.records;
      for (const field of [FLOW.client, FLOW.server, FLOW.service]) {
        stored.setUint32(slot, field, this.endpoints.idOf(agent, records.uint32(row, field)));
      }
      stored.setUint32(slot, FLOW.agent, agent);
      if ((records.uint8(row, FLOW.bits) & FLOW_BITS.final) !== 0) this.#end(slot);
    }
  }

  #slotFor(key: number): number {
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = this.#table.add();
      this.#slots.set(key, slot);
    }
    this.#endedSlots.delete(slot);
    this.#table.setState(slot, SLOT.live);
    return slot;
  }

  /** Sightings of one flow usually stand together; where they do not, the later ones are added to the first. */
  #putSightings(agent: number, sightings: Uint8Array): void {
    const records = new SightingRecords(sightings);
    const seen = new Set<number>();
    let next = 0;
    while (next < records.count) {
      const row = next;
      const flow = records.uint32(row, SIGHTING.flow);
      while (next < records.count && records.uint32(next, SIGHTING.flow) === flow) next++;
      const slot = this.slotOf(agent, flow);
      if (slot === undefined) continue;
      const run = sightings.subarray(row * SIGHTING_RECORD_BYTES, next * SIGHTING_RECORD_BYTES);
      if (seen.has(slot)) this.#sightings.append(slot, run);
      else this.#sightings.put(slot, run);
      seen.add(slot);
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
    if (this.#table.state(slot) !== SLOT.live) return;
    this.#table.setState(slot, SLOT.ended);
    const { records } = this.#table;
    records.setUint8(slot, FLOW.bits, records.uint8(slot, FLOW.bits) | FLOW_BITS.final);
    this.#endedSlots.add(slot);
  }

  /** The flow that absorbed another comes with both their figures: the other row would count them twice. */
  #removeAbsorbed(agent: number, absorbed: Uint8Array): void {
    const pairs = new DataView(absorbed.buffer, absorbed.byteOffset, absorbed.byteLength);
    for (let offset = 0; offset + 8 <= pairs.byteLength; offset += 8) {
      const slot = this.slotOf(agent, pairs.getUint32(offset, true));
      if (slot !== undefined) this.#remove(slot);
    }
  }

  #dropOldestEnded(): void {
    for (const slot of this.#endedSlots) {
      if (this.#endedSlots.size <= this.#limits.ended) return;
      this.#remove(slot);
      this.#droppedEnded++;
    }
  }

  #remove(slot: number): void {
    const { records } = this.#table;
    this.#slots.delete(keyOf(records.uint32(slot, FLOW.agent), records.uint32(slot, FLOW.id)));
    this.#endedSlots.delete(slot);
    this.#sightings.remove(slot);
    this.#table.remove(slot);
  }

  #tunnelRows(agent: number, slot: number): TunnelRow[] {
    return TUNNEL_FIELDS.flatMap(({ direction, field }) => {
      const tunnel = this.#tunnels.get(keyOf(agent, this.#table.records.uint32(slot, field)));
      if (tunnel === undefined) return [];
      const held = this.slotOf(agent, tunnel.flow) !== undefined;
      return [tunnelRow(direction, tunnel, held ? { agent, flow: tunnel.flow } : null)];
    });
  }

  #sightingRows(agent: number, records: SightingRecords): SightingRow[] {
    return Array.from({ length: records.count }, (_, row) => {
      const point = this.#points.get(keyOf(agent, records.uint32(row, SIGHTING.point)));
      const address = (field: number): string =>
        this.#addresses.get(keyOf(agent, records.uint32(row, field))) ?? '?';
      return {
        node: point?.node ?? '?',
        interface: point?.interface ?? '?',
        point: point?.point ?? '?',
        inner: point?.inner ?? false,
        source: address(SIGHTING.source),
        sourcePort: records.uint16(row, SIGHTING.sourcePort),
        destination: address(SIGHTING.destination),
        destinationPort: records.uint16(row, SIGHTING.destinationPort),
        packets: records.float64(row, SIGHTING.packets),
        bytes: records.float64(row, SIGHTING.bytes),
        first: records.float64(row, SIGHTING.first),
        last: records.float64(row, SIGHTING.last),
      };
    });
  }
}

/** Ids are 32 bits wide; the agent's number stands above them. Exact up to two million agents. */
const KEY_STRIDE = 2 ** 32;
const keyOf = (agent: number, id: number): number => agent * KEY_STRIDE + id;
const agentOfKey = (key: number): number => Math.floor(key / KEY_STRIDE);
