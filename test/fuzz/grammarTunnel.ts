/** Packets in packets. */
import { content, port } from './grammarAddress.ts';
import { datagram } from './grammarTransport.ts';
import type { Inside, Payload } from './grammarTypes.ts';
import { join, padded, u16, u32, u8 } from './bytes.ts';
import { ETHERTYPE, PORT, PROTOCOL } from './protocols.ts';
import type { Random } from './random.ts';

export function vxlan(random: Random, depth: number, inside: Inside): Payload {
  // Without the I bit there is no network identifier; other bits belong to extensions.
  const flags = random.chance(0.95) ? 0x08 : random.below(256);
  const header = join(
    u8(flags),
    random.chance(0.95) ? u8(0, 0, 0) : random.bytes(3),
    u32(random.next() & ~0xff),
  );
  const carried = join(header, inside.frame(random, depth + 1));
  const destination = random.pick([PORT.vxlan, PORT.vxlanLinux]);
  return {
    protocol: PROTOCOL.udp,
    bytes: datagram(random, random.between(32768, 60999), destination, carried),
  };
}

function geneveOption(random: Random): Buffer {
  const data = random.bytes(4 * random.below(4));
  return join(
    u16(random.pick([0x0100, 0x0108, random.next()])),
    u8(random.below(256), data.length / 4),
    data,
  );
}

export function geneve(random: Random, depth: number, inside: Inside): Payload {
  const options: Buffer[] = [];
  while (random.chance(0.5) && options.length < 4) options.push(geneveOption(random));
  const optionBytes = join(...options);
  const network = inside.network(random, depth + 1);
  const [type, carried] = random.weighted<() => readonly [number, Buffer]>([
    [4, () => [ETHERTYPE.teb, inside.frame(random, depth + 1)]],
    [2, () => [network.etherType, network.bytes]],
    [1, () => [random.below(65536), content(random)]],
  ])();
  const version = random.chance(0.97) ? 0 : 0x40;
  const header = join(u8(version | (optionBytes.length / 4), random.pick([0, 0x40, 0x80])), u16(type));
  const body = join(header, u32(random.next() & ~0xff), optionBytes, carried);
  return { protocol: PROTOCOL.udp, bytes: datagram(random, random.between(32768, 60999), PORT.geneve, body) };
}

export function gre(random: Random, depth: number, inside: Inside): Payload {
  const [checksum, key, sequence] = [random.chance(0.3), random.chance(0.4), random.chance(0.3)];
  const bits = (checksum ? 0x8000 : 0) | (key ? 0x2000 : 0) | (sequence ? 0x1000 : 0);
  // Version 1 is PPTP's; the routing bit and the reserved ones are obsolete and seen rarely.
  const flags = random.chance(0.96) ? bits : bits | (random.next() & 0x4fff);
  const network = inside.network(random, depth + 1);
  const [type, carried] = random.weighted<() => readonly [number, Buffer]>([
    [4, () => [network.etherType, network.bytes]],
    [3, () => [ETHERTYPE.teb, inside.frame(random, depth + 1)]],
    [1, () => [random.pick([0x880b, 0x88be, 0x22eb, random.below(65536)]), content(random)]],
  ])();
  const fields = [checksum ? u32(random.next()) : u8(), key ? u32(random.next()) : u8()];
  const bytes = join(u16(flags, type), ...fields, sequence ? u32(random.next()) : u8(), carried);
  return { protocol: PROTOCOL.gre, bytes };
}

/** IPIP, SIT, IP6IP6 and IPv4 in IPv6: the protocol number says which. */
export function ipInIp(random: Random, depth: number, inside: Inside): Payload {
  return inside.network(random, depth + 1);
}

/** A tunnel's port, but nothing that a tunnel carries. */
export function noTunnel(random: Random): Payload {
  const destination = random.pick([PORT.vxlan, PORT.vxlanLinux, PORT.geneve]);
  const bytes = datagram(random, port(random), destination, padded(content(random), 2));
  return { protocol: PROTOCOL.udp, bytes };
}
