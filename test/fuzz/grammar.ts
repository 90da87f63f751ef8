/** The campaign's packets: Ethernet frames from a grammar, a part of them damaged. */
import { content } from './grammarAddress.ts';
import { fragment } from './grammarFragments.ts';
import { icmp, icmpv6 } from './grammarIcmp.ts';
import { ipv4 } from './grammarIpv4.ts';
import { ipv6 } from './grammarIpv6.ts';
import { networkFrame, otherFrame } from './grammarLink.ts';
import { authenticated, esp, igmp, sctp, tcp, udp, withoutPorts } from './grammarTransport.ts';
import { geneve, gre, ipInIp, noTunnel, vxlan } from './grammarTunnel.ts';
import type { Inside, NetworkPacket, Payload } from './grammarTypes.ts';
import { mutate } from './mutate.ts';
import { PROTOCOL } from './protocols.ts';
import { Random } from './random.ts';

/** Packets in packets in packets, and no more. */
const DEEPEST = 2;
/** The longest frame that BPF_PROG_TEST_RUN takes, a little under a page with its own needs. */
export const LONGEST_FRAME = 3000;
/** The shortest: an Ethernet header and a byte. */
export const SHORTEST_FRAME = 15;

function tunnelled(random: Random, depth: number): Payload {
  return random.weighted([
    [4, () => vxlan(random, depth, inside)],
    [3, () => geneve(random, depth, inside)],
    [4, () => gre(random, depth, inside)],
    [4, () => ipInIp(random, depth, inside)],
    [1, () => noTunnel(random)],
  ])();
}

function payload(random: Random, depth: number, family: 4 | 6): Payload {
  const nested = depth < DEEPEST;
  return random.weighted([
    [6, () => tcp(random)],
    [6, () => udp(random)],
    [2, () => sctp(random)],
    [1, () => igmp(random)],
    [1, () => esp(random)],
    [1, () => authenticated(random, random.chance(0.5) ? tcp(random) : udp(random))],
    [2, () => withoutPorts(random)],
    // That of the other family means nothing there, and is seen.
    [nested ? (family === 4 ? 6 : 1) : 0, () => icmp(random, depth, network)],
    [nested ? (family === 6 ? 6 : 1) : 0, () => icmpv6(random, depth, network)],
    [nested ? 8 : 0, () => tunnelled(random, depth)],
    [
      1,
      () => ({ protocol: random.pick([PROTOCOL.icmp, PROTOCOL.gre, PROTOCOL.ipip]), bytes: content(random) }),
    ],
  ])();
}

function network(random: Random, depth: number): NetworkPacket {
  const family = random.chance(0.6) ? 4 : 6;
  const carried = payload(random, depth, family);
  return family === 4 ? ipv4(random, carried) : ipv6(random, carried);
}

function frame(random: Random, depth: number): Buffer {
  return random.chance(0.95) ? networkFrame(random, network(random, depth)) : otherFrame(random);
}

const inside: Inside = { network, frame };

/** The packet of this index of the campaign with this seed. */
export function makePacket(seed: number, index: number): Buffer {
  const random = new Random(seed, index);
  let packet = random.chance(0.08) ? networkFrame(random, fragment(random, seed, index)) : frame(random, 0);
  if (random.chance(0.3)) packet = mutate(random, packet);
  if (packet.length < SHORTEST_FRAME) {
    packet = Buffer.concat([packet, Buffer.alloc(SHORTEST_FRAME - packet.length)]);
  }
  return packet.subarray(0, LONGEST_FRAME);
}
