import type { Endpoint, Evidence } from '../../../src/model/endpoint.ts';
import type { ServiceReference } from '../../../src/model/flow.ts';
import { PROTOCOLS } from '../../../src/model/flowRecord.ts';
import type { PodReference } from '../../../src/model/topology.ts';
import { KEY, POINT_SLOTS, RECORD, SLOT, SLOT_BYTES } from '../collector/flowLayout.ts';
import { DnsNames } from '../identity/dnsNames.ts';
import type { AskedEnd } from '../identity/identifier.ts';
import { evidenceOf, joinedEvidence } from '../identity/endpoints.ts';
import type { Identity } from '../identity/identity.ts';
import type { Question } from '../identity/question.ts';
import type { SocketClues } from '../identity/socketOwners.ts';
import { TUPLE_ROLE } from '../nat/translation.ts';
import type { KeyEnd } from '../sockets/socketTable.ts';
import { KEPT, KEPT_BYTES, NONE, ROW, ROW_BYTES, SIDE_NUMBER } from './flowRow.ts';
import type { FlowTable } from './flowTable.ts';
import { PendingRows } from './pendingRows.ts';
import type { Point } from './pointRegistry.ts';
import { SideNames } from './sideNames.ts';
import type { TupleEnd } from './translations.ts';
import { keyEnd, translationsOf } from './translations.ts';

const BY_CONNTRACK = evidenceOf('conntrack');
/** Whose answer it was is known this late at most, milliseconds; a flow that began before keeps its names. */
const NAMED_LATE = 10_000;
/** Intervals that take that long where they are as short as they get in use. */
const LATE_INTERVALS = 40;
const NO_NAMES: readonly string[] = [];

/** What only the end's own node knows of it, whatever name it goes by. */
const OWN_EVIDENCE: ReadonlySet<Evidence> = new Set(['veth', 'cgroup', 'socket', 'listener', 'process']);

/** Stamps on rows who their sides are: when a flow is first counted, and again while a side has no name. */
export class RowIdentity {
  readonly #table: FlowTable;
  readonly #identify: (question: Question) => Identity;
  readonly #pending: PendingRows;
  /** Flows across NAT of which something new was seen in this interval. */
  readonly #waiting: number[] = [];
  /** Endpoints that answered for others, as the same objects each time: their names are found by that. */
  readonly #answered = new WeakMap<Endpoint, Endpoint>();
  /** Likewise of Services with their ports. */
  readonly #services = new WeakMap<ServiceReference, Endpoint>();
  readonly #names: SideNames;
  readonly #serviceNamed: (name: string, end: AskedEnd) => Identity | null;

  /**
   * @param news grows when sockets and cgroups were looked at again
   * @param dns what clients were told by name servers
   * @param serviceNamed the Service without an address that a name stands for
   */
  constructor(
    table: FlowTable,
    identify: (question: Question) => Identity,
    news: () => number = () => 0,
    dns = new DnsNames(),
    serviceNamed: (name: string, end: AskedEnd) => Identity | null = () => null,
  ) {
    this.#serviceNamed = serviceNamed;
    this.#table = table;
    this.#identify = identify;
    this.#names = new SideNames(table, dns);
    this.#pending = new PendingRows(table, news);
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
    const named = keepsNames ? [low, high].map((id) => this.#names.of(id)) : [];
    this.#stamp(row, when, (side) => this.#vethPodInSightings(row, side), named);
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

  /** @param named names from DNS that the low and the high side keep */
  #stamp(
    row: number,
    when: number,
    vethPod: (high: boolean) => PodReference | null,
    named: readonly (readonly string[])[] = [],
  ): void {
    const { rows, points } = this.#table;
    const base = row * ROW_BYTES;
    const translations = translationsOf(this.#table, row);
    const serverIsHigh = rows.getUint8(base + ROW.original) === SIDE_NUMBER.low;
    const netns = points.inodeOf(rows.getUint32(base + ROW.key + KEY.netns, true));
    const isBegun = this.#protocolOf(row) !== 'tcp' || rows.getUint8(base + ROW.opened) !== 0;
    const began = isBegun ? when : null;
    let unresolved = 0;
    let pending = false;
    const [low, high] = [false, true].map((high): Identity => {
      const end = keyEnd(this.#table, row, high);
      return this.#ask(row, end, when, vethPod(high), this.#clues(row, high, when));
    }) as [Identity, Identity];
    for (const isHigh of [false, true]) {
      const [identity, peer] = isHigh ? [high, low] : [low, high];
      const asked = isHigh === serverIsHigh ? (translations?.asked ?? null) : null;
      const endpoint = asked === null ? identity.endpoint : this.#withConntrack(identity.endpoint);
      const before = named[isHigh ? 1 : 0] ?? NO_NAMES;
      const id = this.#names.use({
        endpoint,
        peer: peer.endpoint,
        netns,
        when: this.#isElsewhere(peer.endpoint) ? null : began,
        before,
      });
      const service =
        asked === null
          ? (this.#byName(row, isHigh, id) ?? identity)
          : this.#ask(row, asked, when, null, null);
      rows.setUint32(base + (isHigh ? ROW.highEndpoint : ROW.lowEndpoint), id, true);
      rows.setUint32(base + (isHigh ? ROW.highService : ROW.lowService), this.#useService(service), true);
      if (isUnresolved(identity) || (asked !== null && isUnresolved(service))) unresolved = 1;
      pending ||= identity.pending;
    }
    if (translations?.translated) {
      const source = this.#ask(row, translations.translated, when, null, null);
      rows.setUint8(base + ROW.masqueraded, source.endpoint.kind === 'node' ? 1 : 0);
      if (isUnresolved(source)) unresolved = 1;
    }
    rows.setUint8(base + ROW.unresolved, unresolved);
    if (pending) this.#pending.add(row);
  }

  /**
   * Whether an end is on another node. What comes from there may have been translated there: its destination need not be
   * the address that it was told by name.
   */
  #isElsewhere({ node, evidence }: Endpoint): boolean {
    if (evidence.some((one) => OWN_EVIDENCE.has(one))) return false;
    const [point] = this.#table.points.all;
    return node !== null && point !== undefined && point.facts.node !== node;
  }

  /** By the one name that the other side asked for. */
  #byName(row: number, high: boolean, id: number): Identity | null {
    const [name, ...others] = this.#names.of(id);
    if (name === undefined || others.length > 0) return null;
    const { address, port } = keyEnd(this.#table, row, high);
    return this.#serviceNamed(name, {
      address: this.#table.names.addresses.get(address) ?? '',
      port,
      protocol: this.#protocolOf(row),
    });
  }

  #protocolOf(row: number): string {
    return PROTOCOLS[this.#table.uint8(row, ROW.protocol)] ?? 'other';
  }

  #clues(row: number, high: boolean, when: number): SocketClues {
    const { rows, epoch, otherSenders } = this.#table;
    const base = row * ROW_BYTES;
    const opened = rows.getUint8(base + ROW.opened);
    const last = rows.getUint32(base + ROW.end, true);
    return {
      end: this.#socketEnd(row, high),
      cgroup: rows.getFloat64(base + (high ? ROW.highCgroup : ROW.lowCgroup), true),
      others: otherSenders.of(this.#table.idOf(row), high),
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
      protocol: this.#protocolOf(row),
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
      answered = { ...endpoint, evidence: joinedEvidence(endpoint.evidence, BY_CONNTRACK) };
      this.#answered.set(endpoint, answered);
    }
    return answered;
  }

  /** One endpoint a Service and port, because the row refers to both by one id. */
  #useService({ service, serviceEndpoint }: Identity): number {
    if (service === null || serviceEndpoint === null) return 0;
    let endpoint = this.#services.get(service);
    if (endpoint === undefined) {
      endpoint = { ...serviceEndpoint, names: [`${service.portName ?? ''}:${service.port}`] };
      this.#services.set(service, endpoint);
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
