/** ICMP and ICMPv6: echo, errors with the packet they quote, neighbour discovery, multicast listeners. */
import { content, ipv4Address, ipv6Address } from './grammarAddress.ts';
import type { MakeNetwork, Payload } from './grammarTypes.ts';
import { join, u16, u32, u8 } from './bytes.ts';
import { ETHERTYPE, PROTOCOL } from './protocols.ts';
import type { Random } from './random.ts';

/** As much of a packet as an error quotes: the header and 8 bytes, or more, or cut anywhere. */
function quote(random: Random, depth: number, network: MakeNetwork, etherType: number): Buffer {
  let packet = network(random, depth + 1);
  // Mostly the same family; the other one is a lie that must not be believed.
  for (let tries = 0; tries < 4 && packet.etherType !== etherType; tries++) {
    packet = network(random, depth + 1);
  }
  const length = random.weighted([
    [3, () => 28],
    [2, () => packet.bytes.length],
    [2, () => 48],
    [1, () => random.below(packet.bytes.length + 1)],
  ])();
  return packet.bytes.subarray(0, length);
}

function icmpError(random: Random, depth: number, network: MakeNetwork): Buffer {
  const header = join(u8(random.pick([3, 3, 3, 4, 5, 11, 12]), random.below(16)), u16(0));
  return join(
    header,
    u32(random.chance(0.5) ? 0 : random.next()),
    quote(random, depth, network, ETHERTYPE.ipv4),
  );
}

export function icmp(random: Random, depth: number, network: MakeNetwork): Payload {
  const bytes = random.weighted<() => Buffer>([
    [
      5,
      () =>
        join(u8(random.pick([0, 8]), random.chance(0.9) ? 0 : 1), u16(0, random.next(), 1), content(random)),
    ],
    [5, () => icmpError(random, depth, network)],
    [1, () => join(u8(random.pick([9, 10, 13, 14, 15, 16, 17, 18]), 0), random.bytes(random.between(2, 20)))],
    [1, () => join(u8(random.below(256), random.below(256)), u16(0), ipv4Address(random), content(random))],
  ])();
  return { protocol: PROTOCOL.icmp, bytes };
}

function icmpv6Error(random: Random, depth: number, network: MakeNetwork): Buffer {
  const header = join(u8(random.between(1, 4), random.below(8)), u16(0), u32(random.next()));
  return join(header, quote(random, depth, network, ETHERTYPE.ipv6));
}

/** Router and neighbour solicitation and advertisement, redirect; with options. */
function neighbourDiscovery(random: Random): Buffer {
  const type = random.between(133, 137);
  const targets =
    type === 133 ? [] : type === 137 ? [ipv6Address(random), ipv6Address(random)] : [ipv6Address(random)];
  const option = join(u8(random.pick([1, 2, 3, 5, 14]), 1), random.bytes(6));
  return join(u8(type, 0), u16(0), random.bytes(4), ...targets, random.chance(0.7) ? option : u8());
}

function multicastListener(random: Random): Buffer {
  if (random.chance(0.5)) {
    return join(u8(random.between(130, 132), 0), u16(0, 1000, 0), ipv6Address(random));
  }
  const group = join(u8(random.between(1, 6), 0), u16(0), ipv6Address(random));
  return join(u8(143, 0), u16(0, 0, 1), group);
}

export function icmpv6(random: Random, depth: number, network: MakeNetwork): Payload {
  const bytes = random.weighted<() => Buffer>([
    [
      5,
      () =>
        join(
          u8(random.pick([128, 129]), random.chance(0.9) ? 0 : 1),
          u16(0, random.next(), 1),
          content(random),
        ),
    ],
    [5, () => icmpv6Error(random, depth, network)],
    [3, () => neighbourDiscovery(random)],
    [2, () => multicastListener(random)],
    [1, () => join(u8(random.below(256), random.below(256)), u16(0), content(random))],
  ])();
  return { protocol: PROTOCOL.icmpv6, bytes };
}
