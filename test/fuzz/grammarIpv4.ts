/** IPv4 with options and fragments. */
import { ipv4Address } from './grammarAddress.ts';
import type { NetworkPacket, Payload } from './grammarTypes.ts';
import { join, padded, u16, u8 } from './bytes.ts';
import { ETHERTYPE, PROTOCOL } from './protocols.ts';
import type { Random } from './random.ts';

export const DONT_FRAGMENT = 0x4000;
export const MORE_FRAGMENTS = 0x2000;

function option(random: Random): Buffer {
  return random.weighted([
    [3, () => u8(1)],
    [2, () => u8(148, 4, 0, 0)],
    [2, () => join(u8(7, 11, 4), random.bytes(8))],
    [1, () => join(u8(68, 12, 5, 0), random.bytes(8))],
    // Source routes: the destination in the header is the next hop only.
    [1, () => join(u8(random.pick([131, 137]), 7, random.pick([4, 8])), random.bytes(4))],
    [1, () => random.bytes(random.between(1, 8))],
  ])();
}

function options(random: Random): Buffer {
  if (random.chance(0.8)) return u8();
  const made = [option(random)];
  while (random.chance(0.5)) made.push(option(random));
  return padded(join(...made), 4).subarray(0, 40);
}

export interface Ipv4Header {
  readonly source: Buffer;
  readonly destination: Buffer;
  readonly id: number;
  /** Flags and offset as on the wire. */
  readonly fragment: number;
}

export function ipv4Header(random: Random, header: Ipv4Header, payload: Payload): Buffer {
  const optionBytes = options(random);
  const words = random.chance(0.01) ? random.below(16) : 5 + optionBytes.length / 4;
  const version = random.chance(0.995) ? 4 : random.below(16);
  const total = 20 + optionBytes.length + payload.bytes.length;
  return join(
    u8((version << 4) | words, random.below(256)),
    u16(random.chance(0.02) ? random.next() : total, header.id, header.fragment),
    u8(random.between(1, 255), payload.protocol),
    u16(random.next()),
    header.source,
    header.destination,
    optionBytes,
  );
}

/** Not one of a datagram's fragments that we make elsewhere: whole, or an orphan. */
export function ipv4(random: Random, payload: Payload): NetworkPacket {
  const fragment = random.weighted([
    [10, () => 0],
    [10, () => DONT_FRAGMENT],
    [1, () => MORE_FRAGMENTS | random.below(0x2000)],
    // The first of a packet that is too large: what it carries begins here.
    [2, () => MORE_FRAGMENTS],
    [1, () => random.below(0x10000)],
  ])();
  const header = {
    source: ipv4Address(random),
    destination: ipv4Address(random),
    id: random.below(65536),
    fragment,
  };
  const bytes = join(ipv4Header(random, header, payload), payload.bytes);
  return { etherType: ETHERTYPE.ipv4, protocol: PROTOCOL.ipip, bytes };
}
