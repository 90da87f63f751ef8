import { BlockList, isIPv6 } from 'node:net';

/** A set of address ranges. */
export class AddressRanges {
  readonly #list = new BlockList();
  #empty = true;

  /** @param ranges with prefix length; an entry that is no range is ignored */
  constructor(ranges: Iterable<string>) {
    for (const range of ranges) {
      const [address, prefix] = range.split('/');
      if (address === undefined || prefix === undefined) continue;
      this.#list.addSubnet(address, Number(prefix), isIPv6(address) ? 'ipv6' : 'ipv4');
      this.#empty = false;
    }
  }

  has(address: string): boolean {
    return !this.#empty && this.#list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  }
}
