import {
  FLOW,
  FLOW_BITS,
  INITIATOR_SHIFT,
  NOT_KNOWN,
  PROTOCOLS,
  VERDICTS,
} from '../../src/model/flowRecord.ts';
import type { FlowRecords } from '../../src/model/flowRecords.ts';
import type { Endpoint } from '../../src/model/endpoint.ts';
import type { InitiatorEvidence, Protocol, Translation, Verdict } from '../../src/model/flow.ts';
import { INITIATOR_EVIDENCE } from '../../src/model/flow.ts';

/** Endpoints by id, as the host named them. */
export type EndpointNames = ReadonlyMap<number, Endpoint>;

/** What a window tells of a row beside its record. */
export interface RowPicture {
  /** Bytes per second over the last interval. */
  readonly rate: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** What NAT did to it. */
  readonly nat: readonly Translation[];
}

/** One flow of a window, read from its record on demand. */
export class FlowRow {
  readonly #records: FlowRecords;
  readonly #row: number;
  readonly #names: EndpointNames;
  readonly #picture: RowPicture;

  constructor(records: FlowRecords, row: number, names: EndpointNames, picture: RowPicture) {
    this.#records = records;
    this.#row = row;
    this.#names = names;
    this.#picture = picture;
  }

  /** Bytes per second over the last interval. */
  get rate(): number {
    return this.#picture.rate;
  }
  /** Time of the picture this row belongs to, milliseconds since the epoch. */
  get now(): number {
    return this.#picture.now;
  }
  get nat(): readonly Translation[] {
    return this.#picture.nat;
  }
  get id(): number {
    return this.#uint32(FLOW.id);
  }
  get agent(): number {
    return this.#uint32(FLOW.agent);
  }
  get client(): Endpoint | null {
    return this.#names.get(this.#uint32(FLOW.client)) ?? null;
  }
  get server(): Endpoint | null {
    return this.#names.get(this.#uint32(FLOW.server)) ?? null;
  }
  /** The Service that was asked for. */
  get service(): Endpoint | null {
    return this.#names.get(this.#uint32(FLOW.service)) ?? null;
  }
  get clientPort(): number {
    return this.#uint16(FLOW.clientPort);
  }
  get serverPort(): number {
    return this.#uint16(FLOW.serverPort);
  }
  get protocol(): Protocol {
    return PROTOCOLS[this.#records.uint8(this.#row, FLOW.protocol)] ?? 'other';
  }
  /** ICMP has none; its records carry an echo id where ports are. */
  get hasPorts(): boolean {
    return !this.protocol.startsWith('icmp');
  }
  get verdict(): Verdict {
    return VERDICTS[this.#records.uint8(this.#row, FLOW.verdict)] ?? 'unknown';
  }
  get initiatorCertain(): boolean {
    return this.#bit(FLOW_BITS.initiatorCertain);
  }
  /** Why one end is called the client. */
  get initiatorEvidence(): InitiatorEvidence {
    return INITIATOR_EVIDENCE[this.#records.uint8(this.#row, FLOW.bits) >> INITIATOR_SHIFT] ?? 'order';
  }
  get ended(): boolean {
    return this.#bit(FLOW_BITS.final);
  }
  get dscp(): number {
    return this.#records.uint8(this.#row, FLOW.dscp);
  }
  get clientTcpFlags(): number {
    return this.#uint16(FLOW.clientTcpFlags);
  }
  get serverTcpFlags(): number {
    return this.#uint16(FLOW.serverTcpFlags);
  }
  /** Microseconds; null where it is not known. */
  get handshakeUs(): number | null {
    return known(this.#uint32(FLOW.handshakeUs));
  }
  get rttUs(): number | null {
    return known(this.#uint32(FLOW.rttUs));
  }
  get retransmits(): number {
    return this.#uint32(FLOW.retransmits);
  }
  get start(): number {
    return this.#float64(FLOW.start);
  }
  get end(): number {
    return this.#float64(FLOW.end);
  }
  get sentPackets(): number {
    return this.#float64(FLOW.sentPackets);
  }
  get sentBytes(): number {
    return this.#float64(FLOW.sentBytes);
  }
  get receivedPackets(): number {
    return this.#float64(FLOW.receivedPackets);
  }
  get receivedBytes(): number {
    return this.#float64(FLOW.receivedBytes);
  }
  get droppedPackets(): number {
    return this.#float64(FLOW.droppedPackets);
  }
  /** Number of observation points that saw it. */
  get points(): number {
    return this.#uint32(FLOW.sightings);
  }

  #bit(bit: number): boolean {
    return (this.#records.uint8(this.#row, FLOW.bits) & bit) !== 0;
  }
  #uint16(offset: number): number {
    return this.#records.uint16(this.#row, offset);
  }
  #uint32(offset: number): number {
    return this.#records.uint32(this.#row, offset);
  }
  #float64(offset: number): number {
    return this.#records.float64(this.#row, offset);
  }
}

const known = (value: number): number | null => (value === NOT_KNOWN ? null : value);

/** Names of the flags in an OR of TCP flag bytes, in the order they are usually written. */
export function tcpFlagNames(flags: number): readonly string[] {
  const names = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'];
  return names.filter((_, bit) => (flags & (1 << bit)) !== 0);
}
