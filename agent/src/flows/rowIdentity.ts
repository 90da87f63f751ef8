import { DnsNames } from '../identity/dnsNames.ts';
import { KEPT, KEPT_BYTES, NONE, ROW, ROW_BYTES } from './flowRow.ts';
import type { FlowTable } from './flowTable.ts';
import { PendingRows } from './pendingRows.ts';
import type { Identifiers } from './rowStamp.ts';
import { RowStamp } from './rowStamp.ts';
import { vethPodsInRecord, vethPodsInSightings } from './vethPods.ts';

/** Whose answer it was is known this late at most, milliseconds; a flow that began before keeps its names. */
const NAMED_LATE = 10_000;
/** Intervals that take that long where they are as short as they get in use. */
const LATE_INTERVALS = 40;

/** Stamps on rows who their sides are: when a flow is first counted, and again while a side has no name. */
export class RowIdentity {
  readonly #table: FlowTable;
  readonly #stamp: RowStamp;
  readonly #pending: PendingRows;
  /** Flows across NAT of which something new was seen in this interval. */
  readonly #waiting: number[] = [];

  /**
   * @param news grows when sockets and cgroups were looked at again
   * @param dns what clients were told by name servers
   */
  constructor(
    table: FlowTable,
    identifiers: Identifiers,
    news: () => number = () => 0,
    dns = new DnsNames(),
  ) {
    this.#table = table;
    this.#stamp = new RowStamp(table, identifiers, dns);
    this.#pending = new PendingRows(table, news);
  }

  /** A new row, with the record that began it. @param when milliseconds since the epoch */
  stamp(row: number, view: DataView, offset: number, when: number): void {
    if (this.#stamp.write(row, when, vethPodsInRecord(this.#table, view, offset))) this.#pending.add(row);
  }

  /** A new row that no point has seen. @param when milliseconds since the epoch */
  stampByAddress(row: number, when: number): void {
    if (this.#stamp.write(row, when, { low: undefined, high: undefined })) this.#pending.add(row);
  }

  /** A flow across NAT, whose sides are told by the sightings of all its tuples, once they are in. */
  nameLater(flow: number): void {
    const at = flow * ROW_BYTES + ROW.unnamed;
    if (this.#table.rows.getUint8(at) !== 0) return;
    this.#table.rows.setUint8(at, 1);
    this.#waiting.push(flow);
  }

  /** Names what waits for it. @param now milliseconds since the epoch */
  nameWaiting(now: number): void {
    for (const flow of this.#waiting) {
      // A flow may have been joined, or ended for want of room, meanwhile.
      if (this.#table.uint8(flow, ROW.unnamed) === 0) continue;
      this.#table.rows.setUint8(flow * ROW_BYTES + ROW.unnamed, 0);
      this.#stampFromSightings(flow, this.#firstSeen(flow, now));
    }
    this.#waiting.length = 0;
  }

  /** A row that changed nothing but whose sides may be known better now. */
  stampAgain(row: number, when: number): void {
    const table = this.#table;
    if (table.uint8(row, ROW.unresolved) !== 0) this.#stampOver(row, when);
  }

  /** A side's packets carried another socket than was known when the row was stamped. */
  noteSocket(row: number): void {
    this.#pending.note(row);
  }

  /** Rows whose sides' sockets may be known better now. @param now milliseconds since the epoch */
  stampPending(now: number): void {
    for (const row of this.#pending.due(now)) {
      this.#stampOver(row, this.#table.epoch + this.#table.uint32(row, ROW.start));
    }
  }

  /** Addresses have other names now: flows that began just before may lack them, or have what is not theirs. */
  nameAgain(addresses: ReadonlySet<string>, now: number): void {
    const table = this.#table;
    const ids = new Set([...addresses].flatMap((address) => table.names.addressId(address) ?? []));
    if (ids.size === 0) return;
    const since = table.keepTime(now - NAMED_LATE);
    const isMeant = (row: number): boolean =>
      table.uint32(row, ROW.start) >= since &&
      (ids.has(table.uint32(row, ROW.lowAddress)) || ids.has(table.uint32(row, ROW.highAddress)));
    for (const row of [...table.changedSince(table.sequence - LATE_INTERVALS)].filter(isMeant)) {
      this.#stampOver(row, table.epoch + table.uint32(row, ROW.start), false);
    }
  }

  #stampOver(row: number, when: number, keepsNames = true): void {
    const table = this.#table;
    const fields = [ROW.lowEndpoint, ROW.highEndpoint, ROW.lowService, ROW.highService];
    const before = fields.map((field) => table.uint32(row, field));
    const masqueraded = table.uint8(row, ROW.masqueraded);
    this.#stampFromSightings(row, when, keepsNames);
    const isNew = fields.some((field, index) => table.uint32(row, field) !== before[index]);
    if (isNew || table.uint8(row, ROW.masqueraded) !== masqueraded) table.touch(row);
  }

  #stampFromSightings(row: number, when: number, keepsNames = true): void {
    const table = this.#table;
    const [low, high] = [table.uint32(row, ROW.lowEndpoint), table.uint32(row, ROW.highEndpoint)];
    const [lowService, highService] = [table.uint32(row, ROW.lowService), table.uint32(row, ROW.highService)];
    const veths = vethPodsInSightings(table, row);
    const kept = keepsNames ? this.#stamp.namesOf(row) : undefined;
    if (this.#stamp.write(row, when, veths, kept)) this.#pending.add(row);
    // Given back only now, so that a name that stays the same keeps its id.
    table.releaseEndpoint(low);
    table.releaseEndpoint(high);
    table.releaseEndpoint(lowService);
    table.releaseEndpoint(highService);
  }

  /** Milliseconds since the epoch. */
  #firstSeen(row: number, now: number): number {
    const { sightings, epoch } = this.#table;
    let first = now - epoch;
    for (let index = this.#table.firstSighting(row); index !== NONE; index = sightings.next(index)) {
      first = Math.min(first, sightings.view.getUint32(index * KEPT_BYTES + KEPT.first, true));
    }
    return epoch + first;
  }
}
