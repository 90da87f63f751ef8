/** Builds keys as the kernel program writes them (bpf/flow.h), for tests. */
import { isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { IP_PROTOCOL, KEY, viewOf } from './flowLayout.ts';

/** What of a packet makes its key. */
export interface KeyedPacket {
  readonly from: string;
  readonly fromPort: number;
  readonly to: string;
  readonly toPort: number;
  readonly protocol: number;
  readonly netns: number;
  /** As for an echo request where it is left out. */
  readonly detail?: number;
}

const ADDRESS_BYTES = 16;

/** The canonical key: the lower address and port first. */
export function keyOf(packet: KeyedPacket): { key: Uint8Array; fromHigh: boolean } {
  const from = endBytes(packet.from, packet.fromPort);
  const to = endBytes(packet.to, packet.toPort);
  const fromHigh = Buffer.compare(from, to) > 0;
  const [low, high] = fromHigh ? [to, from] : [from, to];
  const key = new Uint8Array(44);
  const view = viewOf(key);
  key.set(low.subarray(0, ADDRESS_BYTES), KEY.lowAddress);
  key.set(high.subarray(0, ADDRESS_BYTES), KEY.highAddress);
  view.setUint32(KEY.netns, packet.netns, true);
  view.setUint16(KEY.lowPort, viewOf(low).getUint16(ADDRESS_BYTES), true);
  view.setUint16(KEY.highPort, viewOf(high).getUint16(ADDRESS_BYTES), true);
  view.setUint8(KEY.protocol, packet.protocol);
  view.setUint8(KEY.family, isIPv6(packet.from) ? 6 : 4);
  if (packet.detail !== undefined) view.setUint16(KEY.detail, packet.detail, true);
  else if (packet.protocol === IP_PROTOCOL.icmp) view.setUint16(KEY.detail, 8 << 8, true);
  return { key, fromHigh };
}

/** Address in 16 bytes and port, in the order they are compared in. */
function endBytes(address: string, port: number): Uint8Array {
  return Uint8Array.from([...addressBytes(address), port >> 8, port & 0xff]);
}

/** 16 bytes in network order; IPv4 is ::ffff:a.b.c.d. */
export function addressBytes(address: string): number[] {
  const parsed = ipaddr.parse(address);
  const six = parsed instanceof ipaddr.IPv4 ? parsed.toIPv4MappedAddress() : parsed;
  return six.toByteArray();
}
