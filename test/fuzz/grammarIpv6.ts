/** IPv6 with extension headers in any order, also more of them than we read. */
import { ipv6Address } from './grammarAddress.ts';
import { authenticated } from './grammarTransport.ts';
import type { NetworkPacket, Payload } from './grammarTypes.ts';
import { join, u16, u32, u8 } from './bytes.ts';
import { ETHERTYPE, PROTOCOL } from './protocols.ts';
import type { Random } from './random.ts';

function options(random: Random, protocol: number, next: Payload): Payload {
  const units = random.below(3);
  const length = 4 + units * 8;
  // Mostly sound: tshark stops at an option that overruns its header, and then there is nothing to compare.
  const option = random.weighted([
    [20, () => join(u8(1, length), Buffer.alloc(length))],
    [10, () => join(u8(0x1e, length), random.bytes(length))],
    [2, () => Buffer.alloc(length + 2)],
    [1, () => random.bytes(length + 2)],
  ]);
  const body = option();
  const stated = random.chance(0.01) ? random.below(256) : units;
  return { protocol, bytes: join(u8(next.protocol, stated), body, next.bytes) };
}

function routing(random: Random, next: Payload): Payload {
  const type = random.pick([0, 2, 3, 4, 253]);
  const addresses = random.between(0, 2);
  const body = random.bytes(4 + addresses * 16);
  const header = u8(next.protocol, addresses * 2, type, random.below(addresses + 1));
  return { protocol: PROTOCOL.routing, bytes: join(header, body, next.bytes) };
}

/** A fragment header before the payload. offset in units of 8 bytes. */
export function fragmentHeader(next: Payload, offset: number, more: boolean, id: number): Payload {
  const header = join(u8(next.protocol, 0), u16((offset << 3) | (more ? 1 : 0)), u32(id));
  return { protocol: PROTOCOL.fragment, bytes: join(header, next.bytes) };
}

function fragment(random: Random, next: Payload): Payload {
  // Offset 0 without more is an atomic fragment (RFC 6946).
  const offset = random.chance(0.6) ? 0 : random.below(0x2000);
  return fragmentHeader(next, offset, random.chance(0.5), random.next());
}

function extension(random: Random, next: Payload): Payload {
  return random.weighted([
    [3, () => options(random, PROTOCOL.hopByHop, next)],
    [3, () => options(random, PROTOCOL.destinationOptions, next)],
    [2, () => routing(random, next)],
    [2, () => fragment(random, next)],
    [1, () => authenticated(random, next)],
  ])();
}

export function ipv6Header(random: Random, source: Buffer, destination: Buffer, payload: Payload): Buffer {
  const version = random.chance(0.995) ? 6 : random.below(16);
  return join(
    u32((version * 0x10000000 + (random.next() & 0x0fffffff)) >>> 0),
    u16(random.chance(0.02) ? random.next() : payload.bytes.length),
    u8(payload.protocol, random.between(1, 255)),
    source,
    destination,
  );
}

export function withExtensions(random: Random, payload: Payload): Payload {
  if (random.chance(0.6)) return payload;
  const headers = random.chance(0.9) ? random.between(1, 3) : random.between(4, 12);
  let made = payload;
  for (let i = 0; i < headers; i++) made = extension(random, made);
  return made;
}

export function ipv6(random: Random, payload: Payload): NetworkPacket {
  const carried = withExtensions(random, payload);
  const header = ipv6Header(random, ipv6Address(random), ipv6Address(random), carried);
  return { etherType: ETHERTYPE.ipv6, protocol: PROTOCOL.ipv6, bytes: join(header, carried.bytes) };
}
