import ipaddr from 'ipaddr.js';

/** `10.244.0.1/24` without its length. */
export function addressOf(withPrefix: string): string {
  const slash = withPrefix.indexOf('/');
  return slash < 0 ? withPrefix : withPrefix.slice(0, slash);
}

/** How many bits of the network `prefix` (with its length) the address shares; -1 where it is not in it. */
export function prefixMatch(prefix: string, address: string): number {
  if (!ipaddr.isValid(address) || !ipaddr.isValidCIDR(prefix)) return -1;
  const [network, length] = ipaddr.parseCIDR(prefix);
  const parsed = ipaddr.process(address);
  if (network.kind() !== parsed.kind()) return -1;
  return parsed.match(network, length) ? length : -1;
}

/** 127.0.0.0/8 and ::1. */
export function isLoopback(address: string): boolean {
  return prefixMatch('127.0.0.0/8', address) >= 0 || address === '::1';
}
