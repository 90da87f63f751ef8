/** Ethernet frames: VLAN tags, IP, and what is not IP. */
import { content, ipv4Address, macAddress } from './grammarAddress.ts';
import type { NetworkPacket } from './grammarTypes.ts';
import { join, u16, u8 } from './bytes.ts';
import { ETHERTYPE } from './protocols.ts';
import type { Random } from './random.ts';

/** 0 to 2 tags, rarely more. */
function tags(random: Random): Buffer {
  const count = random.weighted([
    [14, 0],
    [4, 1],
    [2, 2],
    [1, random.between(3, 5)],
  ]);
  const types = Array.from({ length: count }, () => random.pick([ETHERTYPE.vlan, ETHERTYPE.qinq]));
  return join(...types.map((type) => u16(type, random.below(65536))));
}

/** A frame around bytes of the given EtherType. */
export function frame(random: Random, etherType: number, bytes: Buffer): Buffer {
  return join(macAddress(random), macAddress(random), tags(random), u16(etherType), bytes);
}

function arp(random: Random): Buffer {
  const [sender, target] = [macAddress(random), macAddress(random)];
  const header = join(u16(1, 0x0800), u8(6, 4), u16(random.between(1, 2)));
  return join(header, sender, ipv4Address(random), target, ipv4Address(random));
}

/** Neither IPv4 nor IPv6. */
export function otherFrame(random: Random): Buffer {
  const [type, bytes] = random.weighted<() => readonly [number, Buffer]>([
    [4, () => [ETHERTYPE.arp, arp(random)]],
    [2, () => [ETHERTYPE.lldp, join(u8(2, 7, 4), macAddress(random), u8(4, 2, 7, 49, 6, 2, 0, 120, 0, 0))]],
    [2, () => [random.between(0x0600, 0xffff), content(random)]],
    // 802.3: a length, then LLC (spanning tree, SNAP).
    [
      2,
      () => [38, join(random.pick([u8(0x42, 0x42, 3), u8(0xaa, 0xaa, 3, 0, 0, 0, 8, 0)]), random.bytes(35))],
    ],
  ])();
  return frame(random, type, bytes);
}

/** A frame with an IP packet, announced rightly but for a few; sometimes padded to Ethernet's least length. */
export function networkFrame(random: Random, packet: NetworkPacket): Buffer {
  const etherType = random.chance(0.995)
    ? packet.etherType
    : random.pick([ETHERTYPE.ipv4, ETHERTYPE.ipv6, ETHERTYPE.arp]);
  const made = frame(random, etherType, packet.bytes);
  return made.length < 60 && random.chance(0.3) ? join(made, Buffer.alloc(60 - made.length)) : made;
}
