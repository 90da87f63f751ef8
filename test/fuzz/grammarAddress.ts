/** Addresses. */
import { u16 } from './bytes.ts';
import type { Random } from './random.ts';

/** Never a multicast that means another link layer (Cisco ISL takes 01:00:0c:00:00 and 0c:00:0c:00:00). */
export function macAddress(random: Random): Buffer {
  const address = random.bytes(6);
  address[0] = 0x02;
  return address;
}

export function ipv4Address(random: Random): Buffer {
  if (random.chance(0.1)) return Buffer.from(random.pick([IPV4_ZERO, IPV4_BROADCAST, IPV4_MULTICAST]));
  const address = random.bytes(4);
  if (random.chance(0.5)) address.set([10, 0, 0]);
  return address;
}

const IPV4_ZERO = [0, 0, 0, 0];
const IPV4_BROADCAST = [255, 255, 255, 255];
const IPV4_MULTICAST = [224, 0, 0, 5];

export function ipv6Address(random: Random): Buffer {
  const address = random.bytes(16);
  random.weighted([
    [4, () => address.set([0x20, 0x01, 0x0d, 0xb8])],
    [2, () => address.set(u16(0xfe80, 0, 0, 0))],
    [1, () => address.set(u16(0xff02, 0, 0, 0, 0, 0, 0))],
    [1, () => address.fill(0)],
    [1, () => address.set(u16(0, 0, 0, 0, 0, 0xffff))],
    [1, () => undefined],
  ])();
  return address;
}

export function port(random: Random): number {
  return random.weighted([
    [6, () => random.between(1024, 65535)],
    [3, () => random.pick([22, 53, 80, 443, 6443, 8080])],
    [1, () => random.pick([0, 1, 65535, 4789, 8472, 6081])],
  ])();
}

/** Mostly short: headers are what matters. */
export function content(random: Random): Buffer {
  return random.bytes(
    random.weighted([
      [3, () => 0],
      [6, () => random.between(1, 40)],
      [1, () => random.between(40, 300)],
    ])(),
  );
}
