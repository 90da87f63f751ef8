import type { Answer } from 'dns-packet';
import { canonicalAddress } from '../identity/address.ts';

/** An address that an answer gives for the name that was asked. */
export interface AnsweredAddress {
  readonly address: string;
  /** Seconds, the shortest of the records that lead there. */
  readonly ttl: number;
}

/** Addresses of the asked name itself or at the end of its CNAMEs; what an answer says of other names is nobody's. */
export function answeredAddresses(asked: string, answers: readonly Answer[]): AnsweredAddress[] {
  const shortest = aliases(asked, answers);
  const found = new Map<string, number>();
  for (const answer of answers) {
    if (answer.type !== 'A' && answer.type !== 'AAAA') continue;
    const ttl = shortest.get(answer.name.toLowerCase());
    if (ttl === undefined) continue;
    const address = canonicalAddress(answer.data);
    found.set(address, Math.min(found.get(address) ?? Infinity, ttl, lifetime(answer.ttl)));
  }
  return [...found].map(([address, ttl]) => ({ address, ttl }));
}

/** The asked name and the names that it is an alias of, with the shortest time to live on the way there, seconds. */
function aliases(asked: string, answers: readonly Answer[]): Map<string, number> {
  const shortest = new Map([[asked.toLowerCase(), Infinity]]);
  // Records come in any order. A chain has as many links as there are records at most, and none is walked twice.
  for (const [alias, ttl] of shortest) {
    for (const answer of answers) {
      if (answer.type !== 'CNAME' || answer.name.toLowerCase() !== alias) continue;
      const target = answer.data.toLowerCase();
      if (!shortest.has(target)) shortest.set(target, Math.min(ttl, lifetime(answer.ttl)));
    }
  }
  return shortest;
}

/** A time to live with the highest bit is none (RFC 2181, section 8). */
function lifetime(ttl = 0): number {
  return ttl > 0x7fffffff ? 0 : ttl;
}
