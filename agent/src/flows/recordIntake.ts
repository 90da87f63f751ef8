import { NOT_KNOWN } from '../../../src/model/flowRecord.ts';
import {
  EVENT,
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
import { KEPT, KEPT_BYTES, NONE, ROW, ROW_BYTES, SIDE_NUMBER } from './flowRow.ts';
import type { FlowJoin } from './flowJoin.ts';
import type { FlowTable } from './flowTable.ts';
import type { RowIdentity } from './rowIdentity.ts';
import type { SharedFlows } from './sharedFlows.ts';
import { noteCgroup } from './sideCgroup.ts';

/** CLOCK_MONOTONIC in units of 2^20 nanoseconds (uint32, wrapping) to milliseconds since the epoch. */
export type WallTime = (coarse: number) => number;

/** Packets at observation points that did not become part of a row. */
export interface OutsideRows {
  /** No room in the table. */
  folded: number;
  /** The agent's own connection. */
  own: number;
  /** At a point that is not registered. */
  unplaced: number;
}

/** Port unreachable, as type << 8 | code, of ICMP (RFC 792) and ICMPv6 (RFC 4443). */
const NOBODY_LISTENS = new Set([(3 << 8) | 3, (1 << 8) | 4]);
/** POINT_INNER of bpf/flow.h. */
const INNER = 4;
const HANDSHAKE = TCP_FLAG.syn | TCP_FLAG.ack;

/** Adds what the kernel counted to the rows. Totals are cumulative: how packets are spread over drains is all one. */
export class RecordIntake {
  readonly outside: OutsideRows = { folded: 0, own: 0, unplaced: 0 };
  readonly #table: FlowTable;
  readonly #identity: RowIdentity;
  readonly #join: FlowJoin;
  readonly #shared: SharedFlows;
  readonly #isOwn: (view: DataView, keyOffset: number) => boolean;

  /** @param isOwn whether a key belongs to the agent's own connection */
  constructor(
    table: FlowTable,
    identity: RowIdentity,
    join: FlowJoin,
    shared: SharedFlows,
    isOwn: (view: DataView, keyOffset: number) => boolean,
  ) {
    this.#table = table;
    this.#identity = identity;
    this.#join = join;
    this.#shared = shared;
    this.#isOwn = isOwn;
  }

  /** Adds drained records (bpf/flow.h `struct flow_record`). */
  addRecords(records: Uint8Array, count: number, wallTime: WallTime): void {
    const view = viewOf(records);
    for (let record = 0; record < count; record += 1) {
      const offset = record * RECORD_BYTES;
      if (this.#isOwn(view, offset)) this.outside.own += recordPackets(view, offset);
      else this.#addRecord(view, offset, wallTime);
    }
  }

  /** Marks the flow that an ICMP error quotes when the error says that nobody listens there. */
  addIcmpError(view: DataView, offset: number): void {
    const row = this.#table.find(view, offset + EVENT.key);
    if (row === NONE || !NOBODY_LISTENS.has(view.getUint32(offset + EVENT.value, true))) return;
    this.#table.rows.setUint8(row * ROW_BYTES + ROW.unreachable, 1);
    this.#table.touch(row);
  }

  #addRecord(view: DataView, offset: number, wallTime: WallTime): void {
    const table = this.#table;
    let key = table.findKey(view, offset);
    if (key === NONE) key = this.#join.open(view, offset);
    if (key === NONE) key = this.#shared.find(view, offset);
    const isNew = key === NONE;
    if (isNew) key = this.#shared.start(view, offset);
    if (key === NONE) {
      this.outside.folded += recordPackets(view, offset);
      return;
    }
    const flow = table.flowOf(key);
    for (let slot = 0; slot < POINT_SLOTS; slot += 1) {
      const base = offset + RECORD.slots + slot * SLOT_BYTES;
      if (view.getUint16(base + SLOT.point, true) !== 0) this.#addSlot(flow, key, view, base, wallTime);
    }
    const turned = table.isTurned(key);
    this.#addHandshake(flow, turned, view, offset);
    this.#addSide(flow, view, offset + RECORD.low, turned);
    this.#addSide(flow, view, offset + RECORD.high, !turned);
    this.#addSegments(key, view, offset + RECORD.low, false);
    this.#addSegments(key, view, offset + RECORD.high, true);
    // Last, because who opened it and whose sockets sent it tell who its sides are.
    if (isNew) this.#identity.stamp(flow, view, offset, firstSeen(view, offset, wallTime));
    table.touch(flow);
  }

  #addSlot(flow: number, key: number, view: DataView, base: number, wallTime: WallTime): void {
    const code = view.getUint16(base + SLOT.point, true);
    const packets = view.getUint32(base + SLOT.packets, true);
    const point = this.#table.points.lookup(code);
    if (point === undefined) {
      if ((code & INNER) === 0) this.outside.unplaced += packets;
      return;
    }
    const fromHigh = (code & 1) ^ (this.#table.isTurned(key) ? 1 : 0);
    const sighting = this.#sighting(flow, key, point.id * 2 + fromHigh);
    if (sighting === NONE) {
      if ((code & INNER) === 0) this.outside.folded += packets;
      return;
    }
    const last = view.getUint32(base + SLOT.last, true);
    const first = view.getUint32(base + SLOT.first, true);
    const flags = view.getUint16(base + SLOT.tcpFlags, true);
    this.#table.sightings.add(
      sighting,
      packets,
      readUint64(view, base + SLOT.bytes),
      flags & 0xff,
      this.#table.keepTime(wallTime(first)),
      this.#table.keepTime(wallTime(last)),
    );
    if ((flags & TCP_FLAG.opened) !== 0 || (flags & HANDSHAKE) === TCP_FLAG.syn) {
      this.#markOpened(flow, fromHigh);
    }
  }

  /** The sighting of a tuple at a point in a direction, made when there is none. */
  #sighting(flow: number, key: number, code: number): number {
    const { rows, sightings } = this.#table;
    const { view } = sightings;
    const first = this.#table.firstSighting(flow);
    for (let index = first; index !== NONE; index = sightings.next(index)) {
      const base = index * KEPT_BYTES;
      if (view.getUint32(base + KEPT.code, true) === code && view.getUint32(base + KEPT.key, true) === key) {
        return index;
      }
    }
    const index = sightings.take();
    if (index === NONE) return NONE;
    view.setUint32(index * KEPT_BYTES + KEPT.code, code, true);
    view.setUint32(index * KEPT_BYTES + KEPT.key, key, true);
    view.setUint32(index * KEPT_BYTES + KEPT.next, first, true);
    rows.setUint32(flow * ROW_BYTES + ROW.firstSighting, index, true);
    // Each tuple passes other points: only together they tell who both sides are.
    if (this.#table.uint8(flow, ROW.original) !== 0) this.#identity.nameLater(flow);
    return index;
  }

  /** The first to open is the client; a later SYN of the other side belongs to another connection of the same tuple. */
  #markOpened(row: number, fromHigh: number): void {
    const at = row * ROW_BYTES + ROW.opened;
    if (this.#table.rows.getUint8(at) !== 0) return;
    this.#table.rows.setUint8(at, fromHigh === 1 ? SIDE_NUMBER.high : SIDE_NUMBER.low);
  }

  #addSide(row: number, view: DataView, side: number, high: boolean): void {
    const { rows } = this.#table;
    const base = row * ROW_BYTES;
    const srtt = view.getUint32(side + SIDE.srttUs, true);
    const dscp = view.getUint8(side + SIDE.dscp);
    const retransmits = view.getUint32(side + SIDE.retransmits, true);
    const retransmitsAt = base + (high ? ROW.highRetransmits : ROW.lowRetransmits);
    const isFirstNew = noteCgroup(this.#table, row, high, readUint64(view, side + SIDE.cgroup));
    const isOtherNew = noteCgroup(this.#table, row, high, readUint64(view, side + SIDE.otherCgroup));
    // A new row is stamped in any case.
    if ((isFirstNew || isOtherNew) && this.#table.uint32(row, ROW.lowEndpoint) !== 0) {
      this.#identity.noteSocket(row);
    }
    if (srtt !== 0) rows.setUint32(base + (high ? ROW.highSrttUs : ROW.lowSrttUs), srtt, true);
    if (dscp !== 0) rows.setUint8(base + (high ? ROW.highDscp : ROW.lowDscp), dscp);
    if (retransmits > rows.getUint32(retransmitsAt, true)) rows.setUint32(retransmitsAt, retransmits, true);
    const tunnel = view.getUint32(side + SIDE.tunnel, true);
    if (tunnel === 0) return;
    rows.setUint32(base + (high ? ROW.highTunnel : ROW.lowTunnel), tunnel, true);
    const outerPort = view.getUint16(side + SIDE.outerPort, true);
    rows.setUint16(base + (high ? ROW.highOuterPort : ROW.lowOuterPort), outerPort, true);
  }

  /** What the packets of one tuple show. Each tuple of a flow shows the same, so it is kept by tuple. */
  #addSegments(row: number, view: DataView, side: number, high: boolean): void {
    const retransmits = view.getUint32(side + SIDE.seenRetransmits, true);
    const outOfOrder = view.getUint32(side + SIDE.outOfOrder, true);
    const zeroWindows = view.getUint32(side + SIDE.zeroWindows, true);
    const syns = view.getUint16(side + SIDE.syns, true);
    this.#add(row, high ? ROW.highSeenRetransmits : ROW.lowSeenRetransmits, retransmits);
    this.#add(row, high ? ROW.highOutOfOrder : ROW.lowOutOfOrder, outOfOrder);
    this.#add(row, high ? ROW.highZeroWindows : ROW.lowZeroWindows, zeroWindows);
    this.#add(row, high ? ROW.highSyns : ROW.lowSyns, syns);
  }

  #add(row: number, field: number, more: number): void {
    if (more === 0) return;
    this.#table.rows.setUint32(row * ROW_BYTES + field, this.#table.uint32(row, field) + more, true);
  }

  /** The time from the first SYN to its SYN-ACK, both at the interface that saw the SYN first: nearest to the client. */
  #addHandshake(row: number, turned: boolean, view: DataView, offset: number): void {
    const { rows } = this.#table;
    const base = row * ROW_BYTES;
    const turn = turned ? 1 : 0;
    const syn = readUint64(view, offset + RECORD.synTime);
    const known = rows.getFloat64(base + ROW.synTime, true);
    if (syn !== 0 && (known === 0 || syn < known)) {
      rows.setFloat64(base + ROW.synTime, syn, true);
      rows.setUint32(base + ROW.synPoint, view.getUint16(offset + RECORD.synPoint, true) ^ turn, true);
      rows.setUint32(base + ROW.handshakeUs, NOT_KNOWN, true);
    }
    const answer = readUint64(view, offset + RECORD.answerTime);
    const asked = rows.getFloat64(base + ROW.synTime, true);
    if (answer === 0 || asked === 0 || rows.getUint32(base + ROW.handshakeUs, true) !== NOT_KNOWN) return;
    const from = rows.getUint32(base + ROW.synPoint, true);
    const to = view.getUint16(offset + RECORD.answerPoint, true) ^ turn;
    if (from >>> 3 !== to >>> 3 || ((from ^ to) & 1) === 0) return;
    rows.setUint32(base + ROW.handshakeUs, Math.max(0, Math.round((answer - asked) / 1000)), true);
  }
}

/** Packets of a record, summed over its points. */
function recordPackets(view: DataView, offset: number): number {
  let packets = 0;
  for (let slot = 0; slot < POINT_SLOTS; slot += 1) {
    packets += ownPackets(view, offset + RECORD.slots + slot * SLOT_BYTES);
  }
  return packets;
}

/** Packets of a slot; what a tunnel carries is counted with the tunnel. */
function ownPackets(view: DataView, slot: number): number {
  return (view.getUint16(slot + SLOT.point, true) & INNER) === 0
    ? view.getUint32(slot + SLOT.packets, true)
    : 0;
}

function firstSeen(view: DataView, offset: number, wallTime: WallTime): number {
  let first = Infinity;
  for (let slot = 0; slot < POINT_SLOTS; slot += 1) {
    const base = offset + RECORD.slots + slot * SLOT_BYTES;
    if (view.getUint16(base + SLOT.point, true) === 0) continue;
    first = Math.min(first, wallTime(view.getUint32(base + SLOT.first, true)));
  }
  return first === Infinity ? Date.now() : first;
}
