import { NOT_KNOWN } from '../../../src/model/flowRecord.ts';
import {
  EVENT,
  EVENT_BYTES,
  KEY,
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
import type { FlowTable } from './flowTable.ts';
import type { RowIdentity } from './rowIdentity.ts';

/** CLOCK_MONOTONIC nanoseconds to milliseconds since the epoch. */
export type WallTime = (nanoseconds: number) => number;

/** Packets at observation points that did not become part of a row. */
export interface OutsideRows {
  /** No room in the table. */
  folded: number;
  /** The agent's own connection. */
  own: number;
  /** At a point that is not registered. */
  unplaced: number;
}

const HANDSHAKE = TCP_FLAG.syn | TCP_FLAG.ack;

/** Adds what the kernel counted to the rows. Totals are cumulative: how packets are spread over drains is all one. */
export class RecordIntake {
  readonly outside: OutsideRows = { folded: 0, own: 0, unplaced: 0 };
  readonly #table: FlowTable;
  readonly #identity: RowIdentity;
  readonly #isOwn: (view: DataView, keyOffset: number) => boolean;

  /** @param isOwn whether a key belongs to the agent's own connection */
  constructor(
    table: FlowTable,
    identity: RowIdentity,
    isOwn: (view: DataView, keyOffset: number) => boolean,
  ) {
    this.#table = table;
    this.#identity = identity;
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

  /** Adds handshake events (bpf/flow.h `struct flow_event`); those of flows that the table has no row for say nothing. */
  addEvents(events: Uint8Array): void {
    const view = viewOf(events);
    for (let offset = 0; offset + EVENT_BYTES <= view.byteLength; offset += EVENT_BYTES) {
      const row = this.#table.find(view, offset + EVENT.key);
      if (row !== NONE) this.#addEvent(row, view, offset);
    }
  }

  #addRecord(view: DataView, offset: number, wallTime: WallTime): void {
    let row = this.#table.find(view, offset);
    if (row === NONE) {
      row = this.#table.start(view, offset);
      if (row === NONE) {
        this.outside.folded += recordPackets(view, offset);
        return;
      }
      this.#identity.stamp(row, view, offset, firstSeen(view, offset, wallTime));
    }
    const netns = view.getUint32(offset + KEY.netns, true);
    for (let slot = 0; slot < POINT_SLOTS; slot += 1) {
      const base = offset + RECORD.slots + slot * SLOT_BYTES;
      if (view.getUint32(base + SLOT.point, true) !== 0) this.#addSlot(row, netns, view, base, wallTime);
    }
    this.#addSide(row, view, offset + RECORD.low, false);
    this.#addSide(row, view, offset + RECORD.high, true);
    this.#table.touch(row);
  }

  #addSlot(row: number, netns: number, view: DataView, base: number, wallTime: WallTime): void {
    const code = view.getUint32(base + SLOT.point, true);
    const packets = readUint64(view, base + SLOT.packets);
    const point = this.#table.points.lookup(netns, code);
    if (point === undefined) {
      this.outside.unplaced += packets;
      return;
    }
    const sighting = this.#sighting(row, point.id * 2 + (code & 1));
    if (sighting === NONE) {
      this.outside.folded += packets;
      return;
    }
    const last = readUint64(view, base + SLOT.last);
    // A slot that was just claimed when it was read has its first time not yet.
    const first = readUint64(view, base + SLOT.first) || last;
    const flags = view.getUint32(base + SLOT.tcpFlags, true);
    this.#table.sightings.add(
      sighting,
      packets,
      readUint64(view, base + SLOT.bytes),
      flags & 0xff,
      this.#table.keepTime(wallTime(first)),
      this.#table.keepTime(wallTime(last)),
    );
    if ((flags & TCP_FLAG.opened) !== 0 || (flags & HANDSHAKE) === TCP_FLAG.syn) this.#markOpened(row, code);
  }

  /** The sighting of a point and direction, made when there is none. */
  #sighting(row: number, code: number): number {
    const { rows, sightings } = this.#table;
    const first = this.#table.firstSighting(row);
    for (let index = first; index !== NONE; index = sightings.next(index)) {
      if (sightings.view.getUint32(index * KEPT_BYTES + KEPT.code, true) === code) return index;
    }
    const index = sightings.take();
    if (index === NONE) return NONE;
    sightings.view.setUint32(index * KEPT_BYTES + KEPT.code, code, true);
    sightings.view.setUint32(index * KEPT_BYTES + KEPT.next, first, true);
    rows.setUint32(row * ROW_BYTES + ROW.firstSighting, index, true);
    return index;
  }

  /** The first to open is the client; a later SYN of the other side belongs to another connection of the same tuple. */
  #markOpened(row: number, code: number): void {
    const at = row * ROW_BYTES + ROW.opened;
    if (this.#table.rows.getUint8(at) !== 0) return;
    this.#table.rows.setUint8(at, (code & 1) === 1 ? SIDE_NUMBER.high : SIDE_NUMBER.low);
  }

  #addSide(row: number, view: DataView, side: number, high: boolean): void {
    const { rows } = this.#table;
    const base = row * ROW_BYTES;
    const cgroup = readUint64(view, side + SIDE.cgroup);
    const srtt = view.getUint32(side + SIDE.srttUs, true);
    const dscp = view.getUint32(side + SIDE.dscp, true);
    const retransmits = view.getUint32(side + SIDE.retransmits, true);
    const retransmitsAt = base + (high ? ROW.highRetransmits : ROW.lowRetransmits);
    if (cgroup !== 0) rows.setFloat64(base + (high ? ROW.highCgroup : ROW.lowCgroup), cgroup, true);
    if (srtt !== 0) rows.setUint32(base + (high ? ROW.highSrttUs : ROW.lowSrttUs), srtt, true);
    if (dscp !== 0) rows.setUint8(base + (high ? ROW.highDscp : ROW.lowDscp), dscp);
    if (retransmits > rows.getUint32(retransmitsAt, true)) rows.setUint32(retransmitsAt, retransmits, true);
  }

  /** The time from the first SYN to its SYN-ACK, both at the interface that saw the SYN first: nearest to the client. */
  #addEvent(row: number, view: DataView, offset: number): void {
    const { rows } = this.#table;
    const base = row * ROW_BYTES;
    const code = view.getUint32(offset + EVENT.point, true);
    const time = readUint64(view, offset + EVENT.time);
    const synTime = rows.getFloat64(base + ROW.synTime, true);
    const flags = view.getUint32(offset + EVENT.tcpFlags, true) & HANDSHAKE;
    if (flags === TCP_FLAG.syn) {
      this.#markOpened(row, code);
      if (synTime !== 0 && synTime <= time) return;
      rows.setFloat64(base + ROW.synTime, time, true);
      rows.setUint32(base + ROW.synPoint, code, true);
    } else if (flags === HANDSHAKE && synTime !== 0) {
      const syn = rows.getUint32(base + ROW.synPoint, true);
      const answers = syn >>> 2 === code >>> 2 && ((syn ^ code) & 1) === 1;
      if (!answers || rows.getUint32(base + ROW.handshakeUs, true) !== NOT_KNOWN) return;
      rows.setUint32(base + ROW.handshakeUs, Math.max(0, Math.round((time - synTime) / 1000)), true);
    } else return;
    this.#table.touch(row);
  }
}

/** Packets of a record, summed over its points. */
function recordPackets(view: DataView, offset: number): number {
  let packets = 0;
  for (let slot = 0; slot < POINT_SLOTS; slot += 1) {
    packets += readUint64(view, offset + RECORD.slots + slot * SLOT_BYTES + SLOT.packets);
  }
  return packets;
}

function firstSeen(view: DataView, offset: number, wallTime: WallTime): number {
  let first = Infinity;
  for (let slot = 0; slot < POINT_SLOTS; slot += 1) {
    const base = offset + RECORD.slots + slot * SLOT_BYTES;
    const time = readUint64(view, base + SLOT.first);
    if (view.getUint32(base + SLOT.point, true) !== 0 && time !== 0 && time < first) first = time;
  }
  return first === Infinity ? Date.now() : wallTime(first);
}
