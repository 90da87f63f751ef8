import type { Evidence } from '../../../src/model/endpoint.ts';
import type { Protocol } from '../../../src/model/flow.ts';
import type { PodReference } from '../../../src/model/topology.ts';
import { KEY } from '../collector/flowLayout.ts';
import type { DnsNames } from '../identity/dnsNames.ts';
import { evidenceOf, joinedEvidence } from '../identity/endpoints.ts';
import type { AskedEnd } from '../identity/identifier.ts';
import type { Identity } from '../identity/identity.ts';
import { KnownEndpoint } from '../identity/identity.ts';
import type { Question } from '../identity/question.ts';
import type { SocketClues } from '../identity/socketOwners.ts';
import { ROW, ROW_BYTES, SIDE_NUMBER } from './flowRow.ts';
import { protocolOf } from './flowSummary.ts';
import type { FlowTable } from './flowTable.ts';
import { SideNames } from './sideNames.ts';
import { socketClues, translatedBy } from './socketClues.ts';
import type { TupleEnd } from './translations.ts';
import { keyEnd, translationsOf } from './translations.ts';
import type { VethPods } from './vethPods.ts';

const BY_CONNTRACK = evidenceOf('conntrack');
const BY_CILIUM = evidenceOf('cilium');
const NO_NAMES: readonly string[] = [];

/** Says who an end is, and which Service without an address of its own a name stands for. */
export interface Identifiers {
  identify(question: Question): Identity;
  serviceNamed(name: string, end: AskedEnd): Identity | null;
}

/** Names from DNS that the sides of a row keep. */
interface KeptNames {
  readonly low: readonly string[];
  readonly high: readonly string[];
}

const NONE_KEPT: KeptNames = { low: NO_NAMES, high: NO_NAMES };

/** What holds for both sides of the row that is being stamped. */
interface Stamping {
  readonly row: number;
  /** Milliseconds since the epoch. */
  readonly when: number;
  /** As `when`; null where it began before anybody looked. */
  readonly began: number | null;
  readonly protocol: Protocol;
  /** Inode of the namespace. */
  readonly netns: number;
}

/** Writes on a row who its sides are. */
export class RowStamp {
  readonly #table: FlowTable;
  readonly #identifiers: Identifiers;
  readonly #names: SideNames;

  /** @param dns what clients were told by name servers */
  constructor(table: FlowTable, identifiers: Identifiers, dns: DnsNames) {
    this.#table = table;
    this.#identifiers = identifiers;
    this.#names = new SideNames(table, dns);
  }

  /** Names from DNS that the row's sides have now. */
  namesOf(row: number): KeptNames {
    const [low, high] = [this.#table.uint32(row, ROW.lowEndpoint), this.#table.uint32(row, ROW.highEndpoint)];
    return { low: this.#names.of(low), high: this.#names.of(high) };
  }

  /**
   * @param when the flow began, milliseconds since the epoch
   * @returns whether a later look at sockets may tell more
   */
  write(row: number, when: number, veths: VethPods, kept: KeptNames = NONE_KEPT): boolean {
    const table = this.#table;
    const { rows } = table;
    const base = row * ROW_BYTES;
    const protocol = protocolOf(table, row);
    const isBegun = protocol !== 'tcp' || rows.getUint8(base + ROW.opened) !== 0;
    const netns = table.points.inodeOf(rows.getUint32(base + ROW.key + KEY.netns, true));
    const stamping: Stamping = { row, when, began: isBegun ? when : null, protocol, netns };
    const translations = translationsOf(table, row);
    const asked = translations?.asked ?? null;
    const serverIsHigh = rows.getUint8(base + ROW.original) === SIDE_NUMBER.low;
    const low = this.#askSide(stamping, false, veths.low ?? null);
    const high = this.#askSide(stamping, true, veths.high ?? null);
    let unresolved = this.#writeSide(stamping, false, low, high, serverIsHigh ? null : asked, kept.low);
    unresolved =
      this.#writeSide(stamping, true, high, low, serverIsHigh ? asked : null, kept.high) || unresolved;
    if (translations?.translated) {
      const source = this.#ask(stamping, translations.translated, null, null);
      rows.setUint8(base + ROW.masqueraded, source.endpoint.kind === 'node' ? 1 : 0);
      unresolved ||= isUnresolved(source);
    }
    rows.setUint8(base + ROW.unresolved, unresolved ? 1 : 0);
    return low.pending || high.pending;
  }

  /**
   * @param asked where the client asked for this side, where that was another address
   * @returns whether a later inventory may name it
   */
  #writeSide(
    stamping: Stamping,
    high: boolean,
    identity: Identity,
    peer: Identity,
    asked: TupleEnd | null,
    before: readonly string[],
  ): boolean {
    const { row, netns, began: when } = stamping;
    const byCilium = translatedBy(this.#table, row) !== 'conntrack';
    const known = asked === null ? identity.known : asAnswering(identity.known, byCilium);
    const id = this.#names.use({ known, peer: peer.endpoint, netns, when, before });
    const service =
      asked === null
        ? (this.#byName(stamping, high, id) ?? identity)
        : this.#ask(stamping, asked, null, null);
    const { rows } = this.#table;
    const base = row * ROW_BYTES;
    rows.setUint32(base + (high ? ROW.highEndpoint : ROW.lowEndpoint), id, true);
    rows.setUint32(base + (high ? ROW.highService : ROW.lowService), this.#useService(service), true);
    return isUnresolved(identity) || (asked !== null && isUnresolved(service));
  }

  /** By the one name that the other side asked for. */
  #byName({ row, protocol }: Stamping, high: boolean, id: number): Identity | null {
    const [name, ...others] = this.#names.of(id);
    if (name === undefined || others.length > 0) return null;
    const { address, port } = keyEnd(this.#table, row, high);
    const text = this.#table.names.addresses.get(address) ?? '';
    return this.#identifiers.serviceNamed(name, { address: text, port, protocol });
  }

  #askSide(stamping: Stamping, high: boolean, vethPod: PodReference | null): Identity {
    const { row, when } = stamping;
    const clues = socketClues(this.#table, row, high, when);
    return this.#ask(stamping, keyEnd(this.#table, row, high), vethPod, clues);
  }

  #ask(
    { when, protocol, netns }: Stamping,
    { address, port }: TupleEnd,
    vethPod: PodReference | null,
    socket: SocketClues | null,
  ): Identity {
    const text = this.#table.names.addresses.get(address) ?? '';
    return this.#identifiers.identify({ address: text, port, protocol, when, netns, vethPod, socket });
  }

  #useService({ service, serviceEndpoint }: Identity): number {
    if (service === null || serviceEndpoint === null) return 0;
    const isKnown = serviceEndpoint.name !== null && serviceEndpoint.name.uses > 0;
    const id = this.#table.names.useEndpoint(serviceEndpoint);
    if (!isKnown) this.#table.services.set(id, service);
    return id;
  }
}

/** That this one answered for the address that was asked is known from who translates. */
function asAnswering(known: KnownEndpoint, byCilium: boolean): KnownEndpoint {
  const { endpoint } = known;
  if (endpoint.evidence[0] === 'none') return known;
  const answering = (by: readonly Evidence[]): KnownEndpoint =>
    new KnownEndpoint({ ...endpoint, evidence: joinedEvidence(endpoint.evidence, by) });
  return byCilium
    ? (known.answeredByCilium ??= answering(BY_CILIUM))
    : (known.answered ??= answering(BY_CONNTRACK));
}

/** A later inventory may name it: nothing but its address is known, or a pod by its uid alone. */
function isUnresolved({ endpoint }: Identity): boolean {
  return endpoint.evidence[0] === 'none' || (endpoint.kind === 'pod' && endpoint.name === null);
}
