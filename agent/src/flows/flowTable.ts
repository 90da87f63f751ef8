import type { ServiceReference } from '../../../src/model/flow.ts';
import { NOT_KNOWN } from '../../../src/model/flowRecord.ts';
import { KEY, KEY_BYTES } from '../collector/flowLayout.ts';
import { KeyIndex } from '../collector/keyIndex.ts';
import { AbsorbedFlows } from './absorbedFlows.ts';
import { DropStore } from './dropStore.ts';
import { FlowNames } from './flowNames.ts';
import { NONE, ROW, ROW_BYTES, STATE } from './flowRow.ts';
import { OtherSenders } from './otherSenders.ts';
import type { PointRegistry } from './pointRegistry.ts';
import { protocolIndex } from './protocol.ts';
import { RowList } from './rowList.ts';
import { SightingPool } from './sightingPool.ts';

/** Room for this many sightings is kept for each flow on average. */
const SIGHTINGS_PER_FLOW = 6;
/** Sequences for which forgotten flows are counted. */
const FORGOTTEN_ENTRIES = 1024;
/** Times are kept as uint32 milliseconds, which reach 49 days; a clock set back by less than this does no harm. */
const EPOCH_MARGIN = 24 * 3600 * 1000;

/**
 * All flows of the session. Rows are fixed-layout bytes (flowRow.ts), not objects, so that 100,000 of them cost some
 * 30 MB with their sightings. Every change carries the table's sequence, and rows are listed in the order of change:
 * readers need no queue.
 */
export class FlowTable {
  readonly points: PointRegistry;
  readonly names = new FlowNames();
  /** By endpoint id: what a Service's endpoint stands for. */
  readonly services = new Map<number, ServiceReference>();
  /** By endpoint id: its names from DNS, the newest first. */
  readonly dnsNames = new Map<number, readonly string[]>();
  readonly rows: DataView;
  readonly sightings: SightingPool;
  readonly drops = new DropStore();
  readonly otherSenders = new OtherSenders();
  /** Flows that turned out to be part of another one. */
  readonly absorbed = new AbsorbedFlows();
  /** Rows in the order of their last change. */
  readonly changes: RowList;
  /** Wall time that kept times count from, milliseconds since the epoch of UTC. */
  readonly epoch: number;
  readonly #bytes: Uint8Array;
  readonly #index: KeyIndex;
  readonly #maxFlows: number;
  readonly #freeRows: number[] = [];
  /** Rows that ended and are still kept for readers, oldest first. */
  readonly #ended = new Set<number>();
  /** Ended flows that were forgotten, by the sequence of their last change. */
  readonly #forgotten: { readonly sequence: number; count: number }[] = [];
  #usedRows = 0;
  #size = 0;
  #nextId = 1;
  #sequence = 0;
  #endedDropped = 0;

  /** @param now milliseconds since the epoch */
  constructor(maxFlows: number, points: PointRegistry, now: number) {
    this.points = points;
    this.epoch = now - EPOCH_MARGIN;
    this.#maxFlows = maxFlows;
    // Zeroed memory is reserved here and becomes resident only as rows are used.
    this.#bytes = new Uint8Array(maxFlows * ROW_BYTES);
    this.rows = new DataView(this.#bytes.buffer);
    this.sightings = new SightingPool(maxFlows * SIGHTINGS_PER_FLOW);
    this.#index = new KeyIndex(this.rows, maxFlows, { size: ROW_BYTES, key: ROW.key, hash: ROW.hash });
    this.changes = new RowList(this.rows);
  }

  /** Rows in use, ended ones that are still kept included. */
  get size(): number {
    return this.#size;
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** Ended flows that made room for others before forgetEnded() was called for them. */
  get endedDropped(): number {
    return this.#endedDropped;
  }

  /** Starts a new sequence; everything that changes from here on carries it. */
  nextSequence(): void {
    this.#sequence += 1;
  }

  /** The row with this key (bpf/flow.h `struct flow_key`), NONE when there is none: flowOf() is its flow. */
  findKey(view: DataView, keyOffset: number): number {
    return this.#index.find(view, keyOffset, this.#index.hash(view, keyOffset));
  }

  /** The live flow that has this key, whatever its key is told as; NONE when there is none. */
  find(view: DataView, keyOffset: number): number {
    const row = this.findKey(view, keyOffset);
    return row === NONE ? NONE : this.flowOf(row);
  }

  /** The flow that a row's key belongs to. */
  flowOf(row: number): number {
    return this.uint32(row, ROW.flow);
  }

  /** Whether the low side of a row's key is the high side of its flow. */
  isTurned(row: number): boolean {
    return this.uint8(row, ROW.turned) !== 0;
  }

  /** A new flow with this key, NONE when the table is full. Its sides have no names yet. */
  start(view: DataView, keyOffset: number): number {
    const row = this.#addKey(view, keyOffset);
    if (row === NONE) return NONE;
    this.rows.setUint32(row * ROW_BYTES + ROW.id, this.#nextId++, true);
    this.rows.setUint8(row * ROW_BYTES + ROW.state, STATE.live);
    this.changes.append(row);
    this.#size += 1;
    return row;
  }

  /** A further key of a flow, NONE when the table is full. @param turned whether its low side is the flow's high one */
  addKey(flow: number, view: DataView, keyOffset: number, turned: boolean): number {
    // Taking room may cost an ended flow; a live one stays.
    const row = this.#addKey(view, keyOffset);
    if (row === NONE) return NONE;
    this.rows.setUint8(row * ROW_BYTES + ROW.state, STATE.joined);
    this.linkKey(flow, row, turned);
    return row;
  }

  /** Puts a row's key under a flow. */
  linkKey(flow: number, row: number, turned: boolean): void {
    const base = row * ROW_BYTES;
    this.rows.setUint32(base + ROW.flow, flow, true);
    this.rows.setUint8(base + ROW.turned, turned ? 1 : 0);
    this.rows.setUint32(base + ROW.nextKey, this.uint32(flow, ROW.nextKey), true);
    this.rows.setUint32(flow * ROW_BYTES + ROW.nextKey, row, true);
  }

  /** Makes a live row a further key of another flow, without its figures: see mergeFlows(). */
  makeKey(row: number): void {
    const base = row * ROW_BYTES;
    this.changes.remove(row);
    this.rows.setUint8(base + ROW.state, STATE.joined);
    this.rows.setUint8(base + ROW.unnamed, 0);
    this.rows.setUint32(base + ROW.firstSighting, NONE, true);
    this.rows.setUint32(base + ROW.nextKey, NONE, true);
    this.#releaseNames(row);
    this.#size -= 1;
  }

  /** Calls back for each row that has a key of the flow, its own first. */
  forEachKey(flow: number, callback: (row: number) => void): void {
    for (let row = flow; row !== NONE;) {
      const next = this.uint32(row, ROW.nextKey);
      callback(row);
      row = next;
    }
  }

  /** Packets with the row's key are no more this flow's. */
  hideKey(row: number): void {
    if (this.uint8(row, ROW.indexed) === 0) return;
    this.#index.remove(row);
    this.rows.setUint8(row * ROW_BYTES + ROW.indexed, 0);
  }

  /** Marks a row as changed in the current sequence. */
  touch(row: number): void {
    this.rows.setUint32(row * ROW_BYTES + ROW.changed, this.#sequence, true);
    this.changes.moveToNewest(row);
  }

  changedAt(row: number): number {
    return this.uint32(row, ROW.changed);
  }

  /** Rows that changed after a sequence, the latest first. Nothing may change while they are walked. */
  *changedSince(sequence: number): Generator<number> {
    for (let row = this.changes.newest; row !== NONE; row = this.uint32(row, ROW.older)) {
      if (this.changedAt(row) <= sequence) return;
      yield row;
    }
  }

  uint32(row: number, field: number): number {
    return this.rows.getUint32(row * ROW_BYTES + field, true);
  }

  uint16(row: number, field: number): number {
    return this.rows.getUint16(row * ROW_BYTES + field, true);
  }

  uint8(row: number, field: number): number {
    return this.rows.getUint8(row * ROW_BYTES + field);
  }

  /** Wall time in milliseconds as rows and sightings keep it. */
  keepTime(milliseconds: number): number {
    return Math.min(Math.max(0, Math.floor(milliseconds - this.epoch)), 0xffffffff);
  }

  idOf(row: number): number {
    return this.uint32(row, ROW.id);
  }

  firstSighting(row: number): number {
    return this.uint32(row, ROW.firstSighting);
  }

  isLive(row: number): boolean {
    return this.uint8(row, ROW.state) === STATE.live;
  }

  isEnded(row: number): boolean {
    return this.uint8(row, ROW.state) === STATE.ended;
  }

  /** Calls back for each live row. The callback may end rows. */
  forEachLive(callback: (row: number) => void): void {
    for (let row = 0; row < this.#usedRows; row += 1) if (this.isLive(row)) callback(row);
  }

  /** Ends a flow: its keys are free for another one, its figures stay until forgotten. */
  end(row: number): void {
    this.forEachKey(row, (key) => this.hideKey(key));
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
    for (const absorbed of this.absorbed.forget(upTo)) this.#noteForgotten(absorbed.sequence);
  }

  /** Whether so many more keys find room, ended flows forgotten for them. */
  hasRoom(keys: number): boolean {
    let room = this.#freeRows.length + this.#maxFlows - this.#usedRows;
    for (const row of this.#ended) {
      if (room >= keys) break;
      this.forEachKey(row, () => (room += 1));
    }
    return room >= keys;
  }

  /** How many ended flows were forgotten that changed after a sequence; as far back as is remembered. */
  endedForgottenSince(sequence: number): number {
    return this.#forgotten.reduce((sum, entry) => sum + (entry.sequence > sequence ? entry.count : 0), 0);
  }

  /** Takes back one use of an endpoint's name. */
  releaseEndpoint(id: number): void {
    if (!this.names.endpoints.release(id)) return;
    this.services.delete(id);
    this.dnsNames.delete(id);
  }

  #addKey(view: DataView, keyOffset: number): number {
    const row = this.#takeRow();
    if (row === NONE) return NONE;
    const { rows, names } = this;
    const base = row * ROW_BYTES;
    this.#bytes.fill(0, base, base + ROW_BYTES);
    for (let byte = 0; byte < KEY_BYTES; byte += 4) {
      rows.setUint32(base + ROW.key + byte, view.getUint32(keyOffset + byte, true), true);
    }
    rows.setUint32(base + ROW.hash, this.#index.hash(view, keyOffset), true);
    rows.setUint8(base + ROW.protocol, protocolIndex(view.getUint8(keyOffset + KEY.protocol)));
    rows.setUint32(base + ROW.firstSighting, NONE, true);
    rows.setUint32(base + ROW.handshakeUs, NOT_KNOWN, true);
    rows.setUint32(base + ROW.flow, row, true);
    rows.setUint32(base + ROW.nextKey, NONE, true);
    const low = names.useAddress(view, keyOffset + KEY.lowAddress);
    const high = names.useAddress(view, keyOffset + KEY.highAddress);
    rows.setUint32(base + ROW.lowAddress, low, true);
    rows.setUint32(base + ROW.highAddress, high, true);
    this.#index.add(row);
    rows.setUint8(base + ROW.indexed, 1);
    return row;
  }

  #takeRow(): number {
    const free = this.#freeRows.pop();
    if (free !== undefined) return free;
    if (this.#usedRows < this.#maxFlows) {
      this.#usedRows += 1;
      return this.#usedRows - 1;
    }
    const [oldest] = this.#ended;
    if (oldest === undefined) return NONE;
    this.#endedDropped += 1;
    this.#free(oldest);
    return this.#freeRows.pop() ?? NONE;
  }

  #free(row: number): void {
    this.#noteForgotten(this.changedAt(row));
    for (let index = this.firstSighting(row); index !== NONE;) {
      const next = this.sightings.next(index);
      this.sightings.give(index);
      index = next;
    }
    this.#releaseNames(row);
    this.drops.forget(this.idOf(row));
    this.otherSenders.forget(this.idOf(row));
    this.changes.remove(row);
    this.#ended.delete(row);
    this.forEachKey(row, (key) => this.#freeKey(key));
    this.#size -= 1;
  }

  #freeKey(row: number): void {
    this.names.addresses.release(this.uint32(row, ROW.lowAddress));
    this.names.addresses.release(this.uint32(row, ROW.highAddress));
    const base = row * ROW_BYTES;
    this.rows.setUint8(base + ROW.state, STATE.free);
    this.rows.setUint32(base + ROW.id, 0, true);
    this.rows.setUint8(base + ROW.unnamed, 0);
    this.rows.setUint32(base + ROW.firstSighting, NONE, true);
    this.#freeRows.push(row);
  }

  #releaseNames(row: number): void {
    for (const field of [ROW.lowEndpoint, ROW.highEndpoint, ROW.lowService, ROW.highService]) {
      this.releaseEndpoint(this.uint32(row, field));
      this.rows.setUint32(row * ROW_BYTES + field, 0, true);
    }
    for (const field of [ROW.lowCarrier, ROW.highCarrier]) {
      this.names.carriers.release(this.uint32(row, field));
      this.rows.setUint32(row * ROW_BYTES + field, 0, true);
    }
  }

  #noteForgotten(sequence: number): void {
    const last = this.#forgotten.at(-1);
    if (last?.sequence === sequence) last.count += 1;
    else this.#forgotten.push({ sequence, count: 1 });
    if (this.#forgotten.length > FORGOTTEN_ENTRIES) this.#forgotten.shift();
  }
}
