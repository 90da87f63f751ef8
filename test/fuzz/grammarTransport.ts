/** What can follow an IP header, tunnels and ICMP aside. Checksums are random: nobody here checks them. */
import { content, ipv4Address, port } from './grammarAddress.ts';
import type { Payload } from './grammarTypes.ts';
import { join, padded, u16, u32, u8 } from './bytes.ts';
import { PROTOCOL } from './protocols.ts';
import type { Random } from './random.ts';

function tcpOption(random: Random): Buffer {
  return random.weighted([
    [3, () => u8(1)],
    [2, () => join(u8(2, 4), random.bytes(2))],
    [2, () => join(u8(3, 3), random.bytes(1))],
    [2, () => u8(4, 2)],
    [2, () => join(u8(8, 10), random.bytes(8))],
    [1, () => join(u8(5, 10), random.bytes(8))],
    [1, () => random.bytes(4)],
  ])();
}

export function tcp(random: Random): Payload {
  const options: Buffer[] = [];
  while (random.chance(0.4) && options.length < 4) options.push(tcpOption(random));
  const optionBytes = padded(join(...options), 4).subarray(0, 40);
  // A data offset below 5 or beyond the end is no header.
  const dataOffset = random.chance(0.02) ? random.below(16) : 5 + optionBytes.length / 4;
  const flags = random.pick([0x02, 0x12, 0x10, 0x18, 0x11, 0x04, 0x14, random.below(256)]);
  const header = join(
    u16(port(random), port(random)),
    u32(random.next(), random.next()),
    u8((dataOffset << 4) | (random.chance(0.05) ? random.below(16) : 0), flags),
    u16(random.next(), random.next(), 0),
  );
  return { protocol: PROTOCOL.tcp, bytes: join(header, optionBytes, content(random)) };
}

/** A UDP header and what it carries. */
export function datagram(random: Random, source: number, destination: number, inside: Buffer): Buffer {
  const length = random.chance(0.03) ? random.next() : 8 + inside.length;
  return join(u16(source, destination, length, random.next()), inside);
}

export function udp(random: Random): Payload {
  const bytes = datagram(random, port(random), port(random), content(random));
  return { protocol: random.chance(0.1) ? PROTOCOL.udplite : PROTOCOL.udp, bytes };
}

export function sctp(random: Random): Payload {
  const chunk = random.bytes(random.between(0, 24));
  const chunks = join(u8(random.below(15), 0), u16(4 + chunk.length), padded(chunk, 4));
  const header = join(u16(port(random), port(random)), u32(random.next(), random.next()));
  return { protocol: PROTOCOL.sctp, bytes: join(header, random.chance(0.8) ? chunks : content(random)) };
}

export function igmp(random: Random): Payload {
  const type = random.pick([0x11, 0x12, 0x16, 0x17, 0x22, 0x13, 0x14, 0x30, 0x99]);
  const bytes = join(u8(type, random.below(256)), u16(0), ipv4Address(random), content(random));
  return { protocol: PROTOCOL.igmp, bytes };
}

export function esp(random: Random): Payload {
  const bytes = join(u32(random.next(), random.next()), content(random));
  return { protocol: PROTOCOL.esp, bytes };
}

/** An authentication header before what it protects. */
export function authenticated(random: Random, payload: Payload): Payload {
  const check = random.bytes(random.pick([12, 12, 12, 16, 0]));
  const length = random.chance(0.02) ? random.below(256) : 1 + check.length / 4;
  const header = join(u8(payload.protocol, length), u16(0), u32(random.next(), random.next()), check);
  return { protocol: PROTOCOL.ah, bytes: join(header, payload.bytes) };
}

const WITHOUT_PORTS = [PROTOCOL.ospf, PROTOCOL.pim, PROTOCOL.noNext, 8, 46, 88, 112, 115, 135, 139, 253, 254];

/** Protocols that are addresses and a number to us. */
export function withoutPorts(random: Random): Payload {
  const protocol = random.chance(0.7) ? random.pick(WITHOUT_PORTS) : random.below(256);
  return { protocol, bytes: content(random) };
}
