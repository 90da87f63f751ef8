import ipaddr from 'ipaddr.js';

/** The shortest prefixes that an API server takes for its range of Services, by the number of an address's bytes. */
const SHORTEST = new Map([
  [4, 12],
  [16, 64],
]);

/**
 * What the API does not tell: the ranges that cluster addresses come from, as far as those that are in use show it. A
 * range holds all of its addresses, so it holds the smallest block around them.
 */
export function serviceRanges(addresses: Iterable<string>): string[] {
  const families = new Map<number, number[][]>();
  for (const address of addresses) {
    if (!ipaddr.isValid(address)) continue;
    const bytes = ipaddr.parse(address).toByteArray();
    const family = families.get(bytes.length);
    if (family === undefined) families.set(bytes.length, [bytes]);
    else family.push(bytes);
  }
  return [...families].flatMap(([length, all]) => {
    const [first] = all;
    if (first === undefined) return [];
    const prefix = all.reduce((bits, bytes) => Math.min(bits, commonBits(first, bytes)), length * 8);
    // Of several ranges there may be anything in between.
    if (prefix < (SHORTEST.get(length) ?? 0)) return [];
    return [`${ipaddr.fromByteArray(first).toString()}/${prefix}`];
  });
}

function commonBits(one: readonly number[], other: readonly number[]): number {
  const index = one.findIndex((byte, at) => byte !== other[at]);
  if (index < 0) return one.length * 8;
  return index * 8 + Math.clz32((one[index] ?? 0) ^ (other[index] ?? 0)) - 24;
}
