import type { ServiceReference } from '../../../src/model/flow.ts';
import { FLOW_RECORD_BYTES, NOT_KNOWN, PROTOCOLS, SIGHTING } from '../../../src/model/flowRecord.ts';
import {
  EVENT,
  EVENT_BYTES,
  KEY,
  KEY_BYTES,
  POINT_SLOTS,
  readUint64,
  RECORD,
  RECORD_BYTES,
  SIDE,
  SLOT,
  SLOT_BYTES,
  TCP_FLAG,
  viewOf,
} from '../collector/flowLayout.ts';
import { addressText } from '../identity/address.ts';
import type { Identity, Question } from '../identity/identifier.ts';
import { FlowNames } from './flowNames.ts';
import { KEPT, KEPT_BYTES, NONE, ROW, ROW_BYTES, STATE } from './flowRow.ts';
import { KeyIndex } from './keyIndex.ts';
import type { Point, PointRegistry } from './pointRegistry.ts';
import { protocolIndex } from './protocol.ts';
import { RowList } from './rowList.ts';
import { SightingPool } from './sightingPool.ts';
import { refreshRow } from './summary.ts';

export interface FlowTableOptions {
  /** Rows that the table holds; what comes beyond is counted as folded. */
  readonly maxFlows: number;
  readonly points: PointRegistry;
  identify(question: Question): Identity;
  /** Whether a key (at an offset) belongs to the agent's own connection. */
  isOwn(view: DataView, offset: number): boolean;
}

/** Packets at observation points that did not become part of a row. */
export interface OutsideRows {
  /** No room in the table. */
  folded: number;
  /** The agent's own connection. */
  own: number;
  /** At a point that is not registered. */
  unplaced: number;
}

/** Sequences for which forgotten flows are counted. */
const FORGOTTEN_ENTRIES = 1024;
/** Average number of sightings that room is kept for. */
const SIGHTINGS_PER_FLOW = 6;

/**
 * All flows of the session. Rows are fixed-layout bytes (flowRow.ts), not objects: 100,000 of them cost some 60 MB
 * with their sightings. Totals are cumulative, so how packets are spread over drains makes no difference.
 */
export class FlowTable {
  readonly points: PointRegistry;
  readonly names = new FlowNames();
  readonly services = new Map<number, ServiceReference>();
  readonly rows: DataView;
  readonly sightings: SightingPool;
  readonly outside: OutsideRows = { folded: 0, own: 0, unplaced: 0 };
  /** Rows in the order of their last change. */
  readonly changes: RowList;
  readonly #bytes: Uint8Array;
  readonly #index: KeyIndex;
  readonly #options: FlowTableOptions;
  readonly #freeRows: number[] = [];
  #usedRows = 0;
  #size = 0;
  #nextId = 1;
  #sequence = 0;
  /** Rows that ended and are still kept for readers, oldest first. */
  #ended = new Set<number>();
  #endedDropped = 0;
  /** Ended flows that were forgotten, by the sequence of their last change. */
  readonly #forgotten: { readonly sequence: number; count: number }[] = [];

  constructor(options: FlowTableOptions) {
    this.#options = options;
    this.points = options.points;
    // Zeroed memory is reserved here and becomes resident only as rows are used.
    this.#bytes = new Uint8Array(options.maxFlows * ROW_BYTES);
    this.rows = new DataView(this.#bytes.buffer);
    this.sightings = new SightingPool(options.maxFlows * SIGHTINGS_PER_FLOW);
    this.#index = new KeyIndex(this.rows, options.maxFlows);
    this.changes = new RowList(this.rows);
  }

  /** Rows in use, ended ones that are still kept included. */
  get size(): number {
    return this.#size;
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** Flows whose end was forgotten before every reader had it. */
  get endedDropped(): number {
    return this.#endedDropped;
  }

  /** Starts a new sequence; everything that changes from here on carries it. */
  nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  /** Adds drained records (bpf/flow.h `struct flow_record`). @param wallTime turns kernel time into wall time */
  ingest(records: Uint8Array, count: number, wallTime: (nanoseconds: number) => number): void {
    const view = viewOf(records);
    for (let record = 0; record < count; record += 1) {
      const offset = record * RECORD_BYTES;
      if (this.#options.isOwn(view, offset)) this.outside.own += recordPackets(view, offset);
      else this.#ingestRecord(view, offset, wallTime);
    }
  }

  /** Adds handshake events (bpf/flow.h `struct flow_event`). @returns how many there were of flows in the table */
  ingestEvents(events: Uint8Array): number {
    const view = viewOf(events);
    let known = 0;
    for (let offset = 0; offset + EVENT_BYTES <= view.byteLength; offset += EVENT_BYTES) {
      const row = this.#find(view, offset + EVENT.key);
      if (row === NONE) continue;
      this.#ingestEvent(row, view, offset);
      known += 1;
    }
    return known;
  }

  /** Brings the derived fields of all rows that changed in this sequence up to date. @returns how many */
  refresh(now: number): number {
    let count = 0;
    for (let row = this.changes.newest; row !== NONE; row = this.older(row)) {
      if (this.changedAt(row) < this.#sequence) break;
      refreshRow(this, row, now);
      count += 1;
    }
    return count;
  }

  /** Marks a row as changed in the current sequence. */
  touch(row: number): void {
    this.rows.setUint32(row * ROW_BYTES + ROW.changed, this.#sequence, true);
    this.changes.moveToNewest(row);
  }

  changedAt(row: number): number {
    return this.rows.getUint32(row * ROW_BYTES + ROW.changed, true);
  }

  older(row: number): number {
    return this.rows.getUint32(row * ROW_BYTES + ROW.older, true);
  }

  isLive(row: number): boolean {
    return this.rows.getUint8(row * ROW_BYTES + ROW.state) === STATE.live;
  }

  isEnded(row: number): boolean {
    return this.rows.getUint8(row * ROW_BYTES + ROW.state) === STATE.ended;
  }

  /** Calls back for each live row. The callback may end rows. */
  forEachLive(callback: (row: number) => void): void {
    for (let row = 0; row < this.#usedRows; row += 1) if (this.isLive(row)) callback(row);
  }

  /** Ends a flow: its key is free for another one, its figures stay until forgotten. */
  end(row: number): void {
    this.#index.remove(row);
    this.rows.setUint8(row * ROW_BYTES + ROW.state, STATE.ended);
    this.#ended.add(row);
    this.touch(row);
  }

  /** Forgets ended flows whose last change every reader has. @param upTo sequence */
  forgetEnded(upTo: number): void {
    for (const row of this.#ended) {
      if (this.changedAt(row) > upTo) break;
      this.#free(row);
    }
  }

  /** How many ended flows were forgotten that changed after a sequence; as far back as is remembered. */
  endedForgottenSince(sequence: number): number {
    return this.#forgotten.filter((entry) => entry.sequence > sequence).reduce((sum, { count }) => sum + count, 0);
  }

  /** Id of the flow in a row. */
  idOf(row: number): number {
    return this.rows.getUint32(row * ROW_BYTES + ROW.id, true);
  }

  /** Copies the wire's record of a row. */
  copyRecord(row: number, target: Uint8Array, offset: number): void {
    const base = row * ROW_BYTES;
    target.set(this.#bytes.subarray(base, base + FLOW_RECORD_BYTES), offset);
  }

  #find(view: DataView, keyOffset: number): number {
    return this.#index.find(view, keyOffset, this.#index.hash(view, keyOffset));
  }

  #ingestRecord(view: DataView, offset: number, wallTime: (nanoseconds: number) => number): void {
    const hash = this.#index.hash(view, offset);
    let row = this.#index.find(view, offset, hash);
    if (row === NONE) {
      row = this.#takeRow();
      if (row === NONE) {
        this.outside.folded += recordPackets(view, offset);
        return;
      }
      this.#startFlow(row, view, offset, hash, wallTime);
    }
    this.#addSlots(row, view, offset, wallTime);
    this.#addSideFacts(row, view, offset);
    this.touch(row);
  }

  #takeRow(): number {
    const free = this.#freeRows.pop();
    if (free !== undefined) return free;
    if (this.#usedRows < this.#options.maxFlows) {
      this.#usedRows += 1;
      return this.#usedRows - 1;
    }
    const [oldest] = this.#ended;
    if (oldest === undefined) return NONE;
    this.#endedDropped += 1;
    this.#free(oldest);
    return this.#freeRows.pop() ?? NONE;
  }

  #startFlow(
    row: number,
    view: DataView,
    offset: number,
    hash: number,
    wallTime: (nanoseconds: number) => number,
  ): void {
    const { rows } = this;
    const base = row * ROW_BYTES;
    this.#bytes.fill(0, base, base + ROW_BYTES);
    for (let byte = 0; byte < KEY_BYTES; byte += 4) {
      rows.setUint32(base + ROW.key + byte, view.getUint32(offset + byte, true), true);
    }
    const protocol = protocolIndex(view.getUint8(offset + KEY.protocol));
    rows.setUint32(base + ROW.hash, hash, true);
    rows.setUint32(base + ROW.id, this.#nextId++, true);
    rows.setUint8(base + ROW.protocol, protocol);
    rows.setUint8(base + ROW.state, STATE.live);
    rows.setUint32(base + ROW.firstSighting, NONE, true);
    rows.setUint32(base + ROW.handshakeUs, NOT_KNOWN, true);
    rows.setUint32(base + ROW.lowAddress, this.names.useAddress(addressText(view, offset + KEY.lowAddress)), true);
    rows.setUint32(base + ROW.highAddress, this.names.useAddress(addressText(view, offset + KEY.highAddress)), true);
    this.changes.append(row);
    this.#index.add(row);
    this.#size += 1;
    this.#identify(row, firstSeen(view, offset, wallTime), (fromHigh) => this.#vethPod(view, offset, fromHigh));
  }

  /** Asks anew who the sides are that had no name, after the inventory changed. */
  identifyAgain(row: number, when: number): void {
    const base = row * ROW_BYTES;
    if (this.rows.getUint8(base + ROW.unresolved) === 0) return;
    const before = [ROW.lowEndpoint, ROW.highEndpoint, ROW.lowService, ROW.highService].map((field) =>
      this.rows.getUint32(base + field, true),
    );
    this.#identify(row, when, (fromHigh) => this.#keptVethPod(row, fromHigh));
    for (const id of before) this.#releaseEndpoint(id);
    const after = this.rows.getUint32(base + ROW.lowEndpoint, true) !== before[0];
    if (after || this.rows.getUint32(base + ROW.highEndpoint, true) !== before[1]) this.touch(row);
  }

  #identify(row: number, when: number, vethPod: (fromHigh: boolean) => Question['vethPod']): void {
    const { rows } = this;
    const base = row * ROW_BYTES;
    const netns = this.#netnsInode(row);
    const protocol = PROTOCOLS[rows.getUint8(base + ROW.protocol)] ?? 'other';
    let unresolved = 0;
    for (const high of [false, true]) {
      const identity = this.#options.identify({
        address: this.names.addresses.get(rows.getUint32(base + (high ? ROW.highAddress : ROW.lowAddress), true)) ?? '',
        port: rows.getUint16(base + ROW.key + (high ? KEY.highPort : KEY.lowPort), true),
        protocol,
        when,
        netns,
        vethPod: vethPod(high),
      });
      const endpoint = this.names.useEndpoint(identity.endpoint);
      rows.setUint32(base + (high ? ROW.highEndpoint : ROW.lowEndpoint), endpoint, true);
      rows.setUint32(base + (high ? ROW.highService : ROW.lowService), this.#useService(identity), true);
      if (identity.endpoint.evidence[0] === 'none') unresolved = 1;
    }
    rows.setUint8(base + ROW.unresolved, unresolved);
  }

  #useService({ service, serviceEndpoint }: Identity): number {
    if (service === null || serviceEndpoint === null) return 0;
    const id = this.names.useEndpoint({ ...serviceEndpoint, names: [`${service.portName ?? ''}:${service.port}`] });
    this.services.set(id, service);
    return id;
  }

  #releaseEndpoint(id: number): void {
    this.names.endpoints.release(id);
    if (!this.names.endpoints.has(id)) this.services.delete(id);
  }

  #netnsInode(row: number): number {
    const index = this.rows.getUint32(row * ROW_BYTES + ROW.key + KEY.netns, true);
    return this.points.inodeOf(index);
  }

  /** The pod whose veth packets of a side came through, or packets to it went through. */
  #vethPod(view: DataView, offset: number, high: boolean): Question['vethPod'] {
    const netns = view.getUint32(offset + KEY.netns, true);
    for (let slot = 0; slot < POINT_SLOTS; slot += 1) {
      const code = view.getUint32(offset + RECORD.slots + slot * SLOT_BYTES + SLOT.point, true);
      const point = code === 0 ? undefined : this.points.lookup(netns, code);
      if (point !== undefined && isOwnVeth(point, (code & 1) === 1, high)) return point.facts.pod;
    }
    return null;
  }

  #keptVethPod(row: number, high: boolean): Question['vethPod'] {
    const { view } = this.sightings;
    for (let index = this.firstSighting(row); index !== NONE; index = this.sightings.next(index)) {
      const code = view.getUint32(index * KEPT_BYTES + KEPT.code, true);
      const point = this.points.get(code >>> 1);
      if (point !== undefined && isOwnVeth(point, (code & 1) === 1, high)) return point.facts.pod;
    }
    return null;
  }

  firstSighting(row: number): number {
    return this.rows.getUint32(row * ROW_BYTES + ROW.firstSighting, true);
  }

  #addSlots(row: number, view: DataView, offset: number, wallTime: (nanoseconds: number) => number): void {
    const netns = view.getUint32(offset + KEY.netns, true);
    for (let slot = 0; slot < POINT_SLOTS; slot += 1) {
      const base = offset + RECORD.slots + slot * SLOT_BYTES;
      const code = view.getUint32(base + SLOT.point, true);
      if (code === 0) continue;
      const packets = readUint64(view, base + SLOT.packets);
      const point = this.points.lookup(netns, code);
      if (point === undefined) {
        this.outside.unplaced += packets;
        continue;
      }
      const sighting = this.#sighting(row, point, (code & 1) === 1);
      if (sighting === NONE) {
        this.outside.folded += packets;
        continue;
      }
      const last = wallTime(readUint64(view, base + SLOT.last));
      const first = readUint64(view, base + SLOT.first);
      const flags = view.getUint32(base + SLOT.tcpFlags, true);
      this.sightings.add(
        sighting,
        packets,
        readUint64(view, base + SLOT.bytes),
        flags & 0xff,
        first === 0 ? last : wallTime(first),
        last,
      );
      const opens = (flags & TCP_FLAG.opened) !== 0 || (flags & (TCP_FLAG.syn | TCP_FLAG.ack)) === TCP_FLAG.syn;
      if (opens) this.#markOpened(row, (code & 1) === 1);
    }
  }

  /** The sighting of a point and direction, made when there is none. */
  #sighting(row: number, point: Point, fromHigh: boolean): number {
    const { rows, sightings } = this;
    const code = point.id * 2 + (fromHigh ? 1 : 0);
    const first = this.firstSighting(row);
    for (let index = first; index !== NONE; index = sightings.next(index)) {
      if (sightings.view.getUint32(index * KEPT_BYTES + KEPT.code, true) === code) return index;
    }
    const index = sightings.take();
    if (index === NONE) return NONE;
    const base = index * KEPT_BYTES;
    const row0 = row * ROW_BYTES;
    const { view } = sightings;
    const [source, destination] = fromHigh ? [ROW.highAddress, ROW.lowAddress] : [ROW.lowAddress, ROW.highAddress];
    const [sourcePort, destinationPort] = fromHigh ? [KEY.highPort, KEY.lowPort] : [KEY.lowPort, KEY.highPort];
    view.setUint32(base + SIGHTING.flow, rows.getUint32(row0 + ROW.id, true), true);
    view.setUint32(base + SIGHTING.point, point.id, true);
    view.setUint32(base + SIGHTING.source, rows.getUint32(row0 + source, true), true);
    view.setUint32(base + SIGHTING.destination, rows.getUint32(row0 + destination, true), true);
    view.setUint16(base + SIGHTING.sourcePort, rows.getUint16(row0 + ROW.key + sourcePort, true), true);
    view.setUint16(base + SIGHTING.destinationPort, rows.getUint16(row0 + ROW.key + destinationPort, true), true);
    view.setUint32(base + KEPT.code, code, true);
    view.setUint32(base + KEPT.next, first, true);
    rows.setUint32(row0 + ROW.firstSighting, index, true);
    rows.setUint32(row0 + ROW.sightings, rows.getUint32(row0 + ROW.sightings, true) + 1, true);
    return index;
  }

  #markOpened(row: number, byHigh: boolean): void {
    const at = row * ROW_BYTES + ROW.opened;
    // The first to open is the client; a later SYN of the other side is its answer or another connection.
    if (this.rows.getUint8(at) === 0) this.rows.setUint8(at, byHigh ? 2 : 1);
  }

  #addSideFacts(row: number, view: DataView, offset: number): void {
    this.#addSide(row, view, offset + RECORD.low, false);
    this.#addSide(row, view, offset + RECORD.high, true);
  }

  #addSide(row: number, view: DataView, side: number, high: boolean): void {
    const { rows } = this;
    const base = row * ROW_BYTES;
    const cgroup = readUint64(view, side + SIDE.cgroup);
    const srtt = view.getUint32(side + SIDE.srttUs, true);
    const retransmits = view.getUint32(side + SIDE.retransmits, true);
    const retransmitsAt = base + (high ? ROW.highRetransmits : ROW.lowRetransmits);
    if (cgroup !== 0) rows.setFloat64(base + (high ? ROW.highCgroup : ROW.lowCgroup), cgroup, true);
    if (srtt !== 0) rows.setUint32(base + (high ? ROW.highSrttUs : ROW.lowSrttUs), srtt, true);
    if (retransmits > rows.getUint32(retransmitsAt, true)) rows.setUint32(retransmitsAt, retransmits, true);
    const dscp = view.getUint32(side + SIDE.dscp, true);
    if (dscp !== 0) rows.setUint8(base + (high ? ROW.highDscp : ROW.lowDscp), dscp);
  }

  /** The time from the first SYN to its SYN-ACK, both at the interface that saw the SYN first: nearest to the client. */
  #ingestEvent(row: number, view: DataView, offset: number): void {
    const { rows } = this;
    const base = row * ROW_BYTES;
    const code = view.getUint32(offset + EVENT.point, true);
    const handshake = view.getUint32(offset + EVENT.tcpFlags, true) & (TCP_FLAG.syn | TCP_FLAG.ack);
    const time = readUint64(view, offset + EVENT.time);
    const synTime = rows.getFloat64(base + ROW.synTime, true);
    if (handshake === TCP_FLAG.syn) {
      this.#markOpened(row, (code & 1) === 1);
      if (synTime !== 0 && synTime <= time) return;
      rows.setFloat64(base + ROW.synTime, time, true);
      rows.setUint32(base + ROW.synInterface, code, true);
    } else if (handshake === (TCP_FLAG.syn | TCP_FLAG.ack) && synTime !== 0) {
      const syn = rows.getUint32(base + ROW.synInterface, true);
      const answers = syn >>> 2 === code >>> 2 && ((syn ^ code) & 1) === 1;
      if (!answers || rows.getUint32(base + ROW.handshakeUs, true) !== NOT_KNOWN) return;
      rows.setUint32(base + ROW.handshakeUs, Math.max(0, Math.round((time - synTime) / 1000)), true);
    } else return;
    this.touch(row);
  }

  #noteForgotten(sequence: number): void {
    const last = this.#forgotten.at(-1);
    if (last?.sequence === sequence) last.count += 1;
    else this.#forgotten.push({ sequence, count: 1 });
    if (this.#forgotten.length > FORGOTTEN_ENTRIES) this.#forgotten.shift();
  }

  #free(row: number): void {
    const base = row * ROW_BYTES;
    this.#noteForgotten(this.changedAt(row));
    for (let index = this.firstSighting(row); index !== NONE; ) {
      const next = this.sightings.next(index);
      this.sightings.give(index);
      index = next;
    }
    for (const field of [ROW.lowEndpoint, ROW.highEndpoint, ROW.lowService, ROW.highService]) {
      this.#releaseEndpoint(this.rows.getUint32(base + field, true));
    }
    this.names.addresses.release(this.rows.getUint32(base + ROW.lowAddress, true));
    this.names.addresses.release(this.rows.getUint32(base + ROW.highAddress, true));
    this.changes.remove(row);
    this.#ended.delete(row);
    this.rows.setUint8(base + ROW.state, STATE.free);
    this.rows.setUint32(base + ROW.id, 0, true);
    this.#freeRows.push(row);
    this.#size -= 1;
  }
}

/** Whether the point is the veth of the pod on the given side of the conversation. */
function isOwnVeth(point: Point, fromHigh: boolean, high: boolean): boolean {
  if (point.name === 'from-endpoint') return fromHigh === high;
  return point.name === 'to-endpoint' && fromHigh !== high;
}

/** Packets of a record, summed over its points. */
function recordPackets(view: DataView, offset: number): number {
  let packets = 0;
  for (let slot = 0; slot < POINT_SLOTS; slot += 1) {
    packets += readUint64(view, offset + RECORD.slots + slot * SLOT_BYTES + SLOT.packets);
  }
  return packets;
}

function firstSeen(view: DataView, offset: number, wallTime: (nanoseconds: number) => number): number {
  let first = Infinity;
  for (let slot = 0; slot < POINT_SLOTS; slot += 1) {
    const base = offset + RECORD.slots + slot * SLOT_BYTES;
    const time = readUint64(view, base + SLOT.first);
    if (view.getUint32(base + SLOT.point, true) !== 0 && time !== 0 && time < first) first = time;
  }
  return first === Infinity ? Date.now() : wallTime(first);
}
