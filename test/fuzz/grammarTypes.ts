/** What the parts of the grammar hand to each other. */
import type { Random } from './random.ts';

/** An IP packet with the EtherType and the IP protocol number that announce it. */
export interface NetworkPacket {
  readonly etherType: number;
  readonly protocol: number;
  readonly bytes: Buffer;
}

/** What an IP header announces, and its bytes. */
export interface Payload {
  readonly protocol: number;
  readonly bytes: Buffer;
}

/** Makes an IP packet; depth counts how many it is inside of. */
export type MakeNetwork = (random: Random, depth: number) => NetworkPacket;
/** Makes an Ethernet frame. */
export type MakeFrame = (random: Random, depth: number) => Buffer;

/** What a tunnel or an ICMP error can hold; handed down, so that no part imports the one above it. */
export interface Inside {
  readonly network: MakeNetwork;
  readonly frame: MakeFrame;
}
