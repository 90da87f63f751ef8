/** Builds records as the addon packs them, for tests. */
import ipaddr from 'ipaddr.js';
import { IP_PROTOCOL, viewOf } from '../collector/flowLayout.ts';
import type { ConntrackBatch, TranslatedBy } from './conntrackFeed.ts';
import { CONNTRACK, CONNTRACK_BYTES, CONNTRACK_KIND, TUPLE } from './conntrackLayout.ts';

export interface TestEnd {
  readonly address: string;
  readonly port: number;
}

/** A connection as conntrack has it, from the client's question to the backend that answered. */
export interface TestConnection {
  readonly id: number;
  readonly protocol: number;
  readonly client: TestEnd;
  /** Where the client asked. */
  readonly asked: TestEnd;
  /** Who answers; the same as asked without DNAT. */
  readonly server: TestEnd;
  /** Where packets come from after SNAT; the same as client without. */
  readonly source: TestEnd;
}

export function conntrackRecord(connection: TestConnection, kind: keyof typeof CONNTRACK_KIND): Uint8Array {
  const record = new Uint8Array(CONNTRACK_BYTES);
  const view = viewOf(record);
  const { id, protocol, client, asked, server, source } = connection;
  view.setUint8(CONNTRACK.kind, CONNTRACK_KIND[kind]);
  view.setUint8(CONNTRACK.family, client.address.includes(':') ? 6 : 4);
  view.setUint8(CONNTRACK.protocol, protocol);
  view.setUint32(CONNTRACK.id, id, true);
  if (protocol === IP_PROTOCOL.icmp) view.setUint8(CONNTRACK.icmpType, 8);
  writeTuple(record, CONNTRACK.original, client, asked);
  writeTuple(record, CONNTRACK.reply, server, source);
  return record;
}

/** Records of the namespace that tests have. @param since milliseconds since the epoch */
export function conntrackBatch(
  records: readonly Uint8Array[],
  since = 0,
  isWhole = false,
  by: TranslatedBy = 'conntrack',
): ConntrackBatch {
  return { netns: 1, records: Buffer.concat(records), since, isWhole, by };
}

function writeTuple(record: Uint8Array, at: number, source: TestEnd, destination: TestEnd): void {
  record.set(addressBytes(source.address), at + TUPLE.source);
  record.set(addressBytes(destination.address), at + TUPLE.destination);
  viewOf(record).setUint16(at + TUPLE.sourcePort, source.port, true);
  viewOf(record).setUint16(at + TUPLE.destinationPort, destination.port, true);
}

function addressBytes(address: string): number[] {
  const parsed = ipaddr.parse(address);
  return (parsed instanceof ipaddr.IPv4 ? parsed.toIPv4MappedAddress() : parsed).toByteArray();
}
