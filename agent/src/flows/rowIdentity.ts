import type { Endpoint } from '../../../src/model/endpoint.ts';
import { PROTOCOLS } from '../../../src/model/flowRecord.ts';
import type { PodReference } from '../../../src/model/topology.ts';
import { KEY, POINT_SLOTS, RECORD, SLOT, SLOT_BYTES } from '../collector/flowLayout.ts';
import type { Identity } from '../identity/identity.ts';
import type { Question } from '../identity/question.ts';
import type { SocketClues } from '../identity/socketOwners.ts';
import { TUPLE_ROLE } from '../nat/translation.ts';
import type { KeyEnd } from '../sockets/socketTable.ts';
import { KEPT, KEPT_BYTES, NONE, ROW, ROW_BYTES, SIDE_NUMBER } from './flowRow.ts';
import type { FlowTable } from './flowTable.ts';
import { OtherSenders } from './otherSenders.ts';
import { PendingRows } from './pendingRows.ts';
import type { Point } from './pointRegistry.ts';
import type { TupleEnd } from './translations.ts';
import { translationsOf } from './translations.ts';

const MOST_SERVICES = 16_384;

/** Stamps on rows who their sides are: when a flow is first counted, and again while a side has no name. */
export class RowIdentity {
  readonly #table: FlowTable;
  readonly #identify: (question: Question) => Identity;
  readonly #pending: PendingRows;
  readonly #others: OtherSenders;
  /** Flows across NAT of which something new was seen in this interval. */
  readonly #waiting: number[] = [];
  /** Endpoints that answered for others, as the same objects each time: their names are found by that. */
  readonly #answered = new WeakMap<Endpoint, Endpoint>();
  /** Likewise of Services with their ports. */
  readonly #services = new Map<string, Endpoint>();

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
    this.#stampFromSightings(row, when);
    if (fields.some((field, index) => table.uint32(row, field) !== before[index])) table.touch(row);
  }

  #stampFromSightings(row: number, when: number): void {
    const table = this.#table;
    const [low, high] = [table.uint32(row, ROW.lowEndpoint), table.uint32(row, ROW.highEndpoint)];
    const [lowService, highService] = [table.uint32(row, ROW.lowService), table.uint32(row, ROW.highService)];
    this.#stamp(row, when, (side) => this.#vethPodInSightings(row, side));
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

  #stamp(row: number, when: number, vethPod: (high: boolean) => PodReference | null): void {
    const { rows, names } = this.#table;
    const base = row * ROW_BYTES;
    const translations = translationsOf(this.#table, row);
    const serverIsHigh = rows.getUint8(base + ROW.original) === SIDE_NUMBER.low;
    let unresolved = 0;
    let pending = false;
    for (const high of [false, true]) {
      const end = {
        address: rows.getUint32(base + (high ? ROW.highAddress : ROW.lowAddress), true),
        port: rows.getUint16(base + ROW.key + (high ? KEY.highPort : KEY.lowPort), true),
      };
      const identity = this.#ask(row, end, when, vethPod(high), this.#clues(row, high, when));
      const asked = high === serverIsHigh ? (translations?.asked ?? null) : null;
      const endpoint = asked === null ? identity.endpoint : this.#withConntrack(identity.endpoint);
      const service = asked === null ? identity : this.#ask(row, asked, when, null, null);
      rows.setUint32(base + (high ? ROW.highEndpoint : ROW.lowEndpoint), names.useEndpoint(endpoint), true);
      rows.setUint32(base + (high ? ROW.highService : ROW.lowService), this.#useService(service), true);
      if (isUnresolved(identity)) unresolved = 1;
      pending ||= identity.pending;
    }
    rows.setUint8(base + ROW.unresolved, unresolved);
    if (pending) this.#pending.add(row);
    if (translations?.translated) {
      const source = this.#ask(row, translations.translated, when, null, null);
      rows.setUint8(base + ROW.masqueraded, source.endpoint.kind === 'node' ? 1 : 0);
    }
  }

  #clues(row: number, high: boolean, when: number): SocketClues {
    const { rows, epoch } = this.#table;
    const base = row * ROW_BYTES;
    const opened = rows.getUint8(base + ROW.opened);
    const last = rows.getUint32(base + ROW.end, true);
    return {
      end: this.#socketEnd(row, high),
      cgroup: rows.getFloat64(base + (high ? ROW.highCgroup : ROW.lowCgroup), true),
      others: this.#others.of(row, high),
      opened: opened === 0 ? null : opened === (high ? SIDE_NUMBER.high : SIDE_NUMBER.low),
      first: when,
      last: last === 0 ? when : epoch + last,
    };
  }

  /** A side as its own socket has it: the client's is connected to where it asked, the server's to what SNAT made of the client. */
  #socketEnd(flow: number, high: boolean): KeyEnd {
    const table = this.#table;
    const isClient = table.uint8(flow, ROW.original) === (high ? SIDE_NUMBER.high : SIDE_NUMBER.low);
    const role = isClient ? TUPLE_ROLE.asked : TUPLE_ROLE.translated;
    let row = table.uint32(flow, ROW.nextKey);
    while (row !== NONE && table.uint8(row, ROW.role) - 1 !== role) row = table.uint32(row, ROW.nextKey);
    const key = row === NONE ? flow : row;
    return {
      view: table.rows,
      offset: key * ROW_BYTES + ROW.key,
      high: high !== (row !== NONE && table.isTurned(row)),
    };
  }

  #ask(
    row: number,
    end: TupleEnd,
    when: number,
    vethPod: PodReference | null,
    socket: SocketClues | null,
  ): Identity {
    const { rows, names, points } = this.#table;
    const base = row * ROW_BYTES;
    return this.#identify({
      address: names.addresses.get(end.address) ?? '',
      port: end.port,
      protocol: PROTOCOLS[rows.getUint8(base + ROW.protocol)] ?? 'other',
      when,
      netns: points.inodeOf(rows.getUint32(base + ROW.key + KEY.netns, true)),
      vethPod,
      socket,
    });
  }

  /** That this one answered for the address that was asked is known from the connection tracking. */
  #withConntrack(endpoint: Endpoint): Endpoint {
    if (endpoint.evidence[0] === 'none') return endpoint;
    let answered = this.#answered.get(endpoint);
    if (answered === undefined) {
      answered = { ...endpoint, evidence: [...endpoint.evidence, 'conntrack'] };
      this.#answered.set(endpoint, answered);
    }
    return answered;
  }

  /** One endpoint a Service and port, because the row refers to both by one id. */
  #useService({ service, serviceEndpoint }: Identity): number {
    if (service === null || serviceEndpoint === null) return 0;
    const port = `${service.portName ?? ''}:${service.port}`;
    const key = `${serviceEndpoint.uid ?? ''} ${serviceEndpoint.address} ${port}`;
    let endpoint = this.#services.get(key);
    if (endpoint?.name !== serviceEndpoint.name || endpoint.evidence[0] !== serviceEndpoint.evidence[0]) {
      endpoint = { ...serviceEndpoint, names: [port] };
      if (this.#services.size >= MOST_SERVICES) this.#services.clear();
      this.#services.set(key, endpoint);
    }
    const id = this.#table.names.useEndpoint(endpoint);
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
