/** Fragments that belong together: packets of one stretch of the campaign share a few datagrams. */
import { ipv4Address, ipv6Address } from './grammarAddress.ts';
import { DONT_FRAGMENT, ipv4Header, MORE_FRAGMENTS } from './grammarIpv4.ts';
import { fragmentHeader, ipv6Header } from './grammarIpv6.ts';
import { sctp, tcp, udp } from './grammarTransport.ts';
import type { NetworkPacket, Payload } from './grammarTypes.ts';
import { icmp } from './grammarIcmp.ts';
import { join } from './bytes.ts';
import { ETHERTYPE, PROTOCOL } from './protocols.ts';
import { Random } from './random.ts';

/** Packets of a stretch, datagrams they share. */
const STRETCH = 64;
const DATAGRAMS = 3;

interface Datagram {
  readonly family: 4 | 6;
  readonly source: Buffer;
  readonly destination: Buffer;
  readonly id: number;
  readonly payload: Payload;
}

function datagramOf(seed: number, number: number): Datagram {
  const random = new Random(seed ^ 0x66726167, number);
  const family = random.pick([4, 6] as const);
  const address = family === 4 ? ipv4Address : ipv6Address;
  const payload = random.pick([udp, udp, tcp, sctp, echo])(random);
  return {
    family,
    source: address(random),
    destination: address(random),
    id: family === 4 ? random.below(65536) : random.next(),
    payload: { ...payload, bytes: join(payload.bytes, random.bytes(64)) },
  };
}

function echo(random: Random): Payload {
  return icmp(random, 0, () => ({
    etherType: ETHERTYPE.ipv4,
    protocol: PROTOCOL.ipip,
    bytes: random.bytes(28),
  }));
}

/** First, middle or last, in any order; a first one may be too short to hold the ports. */
export function fragment(random: Random, seed: number, index: number): NetworkPacket {
  const datagram = datagramOf(seed, Math.floor(index / STRETCH) * DATAGRAMS + random.below(DATAGRAMS));
  const part = random.weighted([
    [4, { offset: 0, length: random.chance(0.1) ? random.below(8) : 32, more: true }],
    [4, { offset: 4, length: 16, more: true }],
    [3, { offset: 6, length: 24, more: false }],
    [1, { offset: 1, length: 8, more: true }],
  ]);
  const { protocol, bytes } = datagram.payload;
  const carried = { protocol, bytes: bytes.subarray(part.offset * 8, part.offset * 8 + part.length) };
  if (datagram.family === 4) {
    const flags = (part.more ? MORE_FRAGMENTS : 0) | (random.chance(0.05) ? DONT_FRAGMENT : 0);
    const header = ipv4Header(random, { ...datagram, fragment: flags | part.offset }, carried);
    return { etherType: ETHERTYPE.ipv4, protocol: PROTOCOL.ipip, bytes: join(header, carried.bytes) };
  }
  const fragmented = fragmentHeader(carried, part.offset, part.more, datagram.id);
  const header = ipv6Header(random, datagram.source, datagram.destination, fragmented);
  return { etherType: ETHERTYPE.ipv6, protocol: PROTOCOL.ipv6, bytes: join(header, fragmented.bytes) };
}
