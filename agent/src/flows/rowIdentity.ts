import { PROTOCOLS } from '../../../src/model/flowRecord.ts';
import type { PodReference } from '../../../src/model/topology.ts';
import { KEY, POINT_SLOTS, RECORD, SLOT, SLOT_BYTES } from '../collector/flowLayout.ts';
import type { Identity } from '../identity/identity.ts';
import type { Question } from '../identity/question.ts';
import type { SocketClues } from '../identity/socketOwners.ts';
import { KEPT, KEPT_BYTES, NONE, ROW, ROW_BYTES, SIDE_NUMBER } from './flowRow.ts';
import type { FlowTable } from './flowTable.ts';
import { OtherSenders } from './otherSenders.ts';
import { PendingRows } from './pendingRows.ts';
import type { Point } from './pointRegistry.ts';

/** Stamps on rows who their sides are: when a flow is first counted, and again while a side has no name. */
export class RowIdentity {
  readonly #table: FlowTable;
  readonly #identify: (question: Question) => Identity;
  readonly #pending: PendingRows;
  readonly #others: OtherSenders;

  /** @param news grows when sockets and cgroups were looked at again */
  constructor(table: FlowTable, identify: (question: Question) => Identity, news: () => number = () => 0) {
    this.#table = table;
    this.#identify = identify;
    this.#pending = new PendingRows(table, news);
    this.#others = new OtherSenders(table);
  }

  /** A new row, with the record that began it. @param when milliseconds since the epoch */
  stamp(row: number, view: DataView, offset: number, when: number): void {
    this.#stamp(row, when, (high) => this.#vethPodInRecord(view, offset, high));
  }

  /** A new row that no point has seen. @param when milliseconds since the epoch */
  stampByAddress(row: number, when: number): void {
    this.#stamp(row, when, () => null);
  }

  /** A row that changed nothing but whose sides may be known better now. */
  stampAgain(row: number, when: number): void {
    const table = this.#table;
    if (table.uint8(row, ROW.unresolved) !== 0) this.#stampOver(row, when);
  }

  /** A second socket sends as the same side: one row, and no telling which packets are whose. */
  noteOther(row: number, high: boolean, cgroup: number): void {
    this.#others.note(row, high, cgroup);
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

  #stampOver(row: number, when: number): void {
    const table = this.#table;
    const fields = [ROW.lowEndpoint, ROW.highEndpoint, ROW.lowService, ROW.highService];
    const before = fields.map((field) => table.uint32(row, field));
    this.#stamp(row, when, (high) => this.#vethPodInSightings(row, high));
    // Given back only now, so that a name that stays the same keeps its id.
    for (const id of before) table.releaseEndpoint(id);
    if (fields.some((field, index) => table.uint32(row, field) !== before[index])) table.touch(row);
  }

  #stamp(row: number, when: number, vethPod: (high: boolean) => PodReference | null): void {
    const { rows, names, points } = this.#table;
    const base = row * ROW_BYTES;
    let unresolved = 0;
    let pending = false;
    for (const high of [false, true]) {
      const address = rows.getUint32(base + (high ? ROW.highAddress : ROW.lowAddress), true);
      const identity = this.#identify({
        address: names.addresses.get(address) ?? '',
        port: rows.getUint16(base + ROW.key + (high ? KEY.highPort : KEY.lowPort), true),
        protocol: PROTOCOLS[rows.getUint8(base + ROW.protocol)] ?? 'other',
        when,
        netns: points.inodeOf(rows.getUint32(base + ROW.key + KEY.netns, true)),
        vethPod: vethPod(high),
        socket: this.#clues(row, high, when),
      });
      rows.setUint32(
        base + (high ? ROW.highEndpoint : ROW.lowEndpoint),
        names.useEndpoint(identity.endpoint),
        true,
      );
      rows.setUint32(base + (high ? ROW.highService : ROW.lowService), this.#useService(identity), true);
      if (isUnresolved(identity)) unresolved = 1;
      pending ||= identity.pending;
    }
    rows.setUint8(base + ROW.unresolved, unresolved);
    if (pending) this.#pending.add(row);
  }

  #clues(row: number, high: boolean, when: number): SocketClues {
    const { rows, epoch } = this.#table;
    const base = row * ROW_BYTES;
    const opened = rows.getUint8(base + ROW.opened);
    const last = rows.getUint32(base + ROW.end, true);
    return {
      end: { view: rows, offset: base + ROW.key, high },
      cgroup: rows.getFloat64(base + (high ? ROW.highCgroup : ROW.lowCgroup), true),
      others: this.#others.of(row, high),
      opened: opened === 0 ? null : opened === (high ? SIDE_NUMBER.high : SIDE_NUMBER.low),
      first: when,
      last: last === 0 ? when : epoch + last,
    };
  }

  /** One endpoint a Service and port, because the row refers to both by one id. */
  #useService({ service, serviceEndpoint }: Identity): number {
    if (service === null || serviceEndpoint === null) return 0;
    const names = [`${service.portName ?? ''}:${service.port}`];
    const id = this.#table.names.useEndpoint({ ...serviceEndpoint, names });
    this.#table.services.set(id, service);
    return id;
  }

  #vethPodInRecord(view: DataView, offset: number, high: boolean): PodReference | null {
    for (let slot = 0; slot < POINT_SLOTS; slot += 1) {
      const code = view.getUint16(offset + RECORD.slots + slot * SLOT_BYTES + SLOT.point, true);
      const point = code === 0 ? undefined : this.#table.points.lookup(code);
      if (point !== undefined && isOwnVeth(point, (code & 1) === 1, high)) return point.facts.pod;
    }
    return null;
  }

  #vethPodInSightings(row: number, high: boolean): PodReference | null {
    const { sightings, points } = this.#table;
    for (let index = this.#table.firstSighting(row); index !== NONE; index = sightings.next(index)) {
      const code = sightings.view.getUint32(index * KEPT_BYTES + KEPT.code, true);
      const point = points.get(code >>> 1);
      if (point !== undefined && isOwnVeth(point, (code & 1) === 1, high)) return point.facts.pod;
    }
    return null;
  }
}

/** A later inventory may name it: nothing but its address is known, or a pod by its uid alone. */
function isUnresolved({ endpoint }: Identity): boolean {
  return endpoint.evidence[0] === 'none' || (endpoint.kind === 'pod' && endpoint.name === null);
}

/** Whether the point is the veth of the pod on the given side of the conversation. */
function isOwnVeth(point: Point, fromHigh: boolean, high: boolean): boolean {
  if (point.name === 'from-endpoint') return fromHigh === high;
  return point.name === 'to-endpoint' && fromHigh !== high;
}
