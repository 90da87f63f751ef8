/** Damage: what no grammar would make. */
import { join } from './bytes.ts';
import type { Random } from './random.ts';

/** Where headers are: most damage goes there. */
const HEADERS = 100;
const TELLING = [0x00, 0x01, 0x04, 0x06, 0x11, 0x2c, 0x2f, 0x3a, 0x40, 0x7f, 0x80, 0xff];

type Mutation = (random: Random, packet: Buffer) => Buffer;

function position(random: Random, packet: Buffer): number {
  // Not the MAC addresses: they are not read, and a few of them mean another link layer to tshark.
  return 12 + random.below(Math.max(1, Math.min(packet.length, HEADERS) - 12));
}

function flipBit(random: Random, packet: Buffer): Buffer {
  const at = position(random, packet);
  const byte = packet[at];
  if (byte !== undefined) packet[at] = byte ^ (1 << random.below(8));
  return packet;
}

function setByte(random: Random, packet: Buffer): Buffer {
  const at = position(random, packet);
  if (at < packet.length) packet[at] = random.chance(0.5) ? random.pick(TELLING) : random.below(256);
  return packet;
}

function truncate(random: Random, packet: Buffer): Buffer {
  return packet.subarray(0, 14 + random.below(Math.max(1, packet.length - 14)));
}

function extend(random: Random, packet: Buffer): Buffer {
  return join(packet, random.bytes(random.between(1, 20)));
}

function insert(random: Random, packet: Buffer): Buffer {
  const at = position(random, packet);
  return join(packet.subarray(0, at), random.bytes(random.between(1, 8)), packet.subarray(at));
}

function remove(random: Random, packet: Buffer): Buffer {
  const at = position(random, packet);
  return join(packet.subarray(0, at), packet.subarray(at + random.between(1, 8)));
}

const MUTATIONS: readonly (readonly [number, Mutation])[] = [
  [4, flipBit],
  [4, setByte],
  [4, truncate],
  [1, extend],
  [1, insert],
  [1, remove],
];

export function mutate(random: Random, packet: Buffer): Buffer {
  let made: Buffer = Buffer.from(packet);
  do made = random.weighted(MUTATIONS)(random, made);
  while (random.chance(0.4));
  return made;
}
