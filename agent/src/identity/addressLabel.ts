import ipaddr from 'ipaddr.js';

/** What an address says by itself of who has it. */
export interface AddressLabel {
  readonly text: string;
  /** Nobody beyond the node's links can have it, or it is no single host's. */
  readonly isInside: boolean;
}

const inside = (text: string): AddressLabel => ({ text, isInside: true });
const outside = (text: string): AddressLabel => ({ text, isInside: false });

const METADATA = outside('cloud metadata service');

/** Single addresses: the clouds' metadata service, and IANA's registries of multicast addresses. */
const KNOWN: ReadonlyMap<string, AddressLabel> = new Map([
  ['169.254.169.254', METADATA],
  ['fd00:ec2::254', METADATA],
  ['224.0.0.1', inside('multicast (all hosts)')],
  ['ff02::1', inside('multicast (all hosts)')],
  ['224.0.0.2', inside('multicast (all routers)')],
  ['ff02::2', inside('multicast (all routers)')],
  ['224.0.0.18', inside('multicast (VRRP)')],
  ['ff02::12', inside('multicast (VRRP)')],
  ['224.0.0.22', inside('multicast (IGMP)')],
  ['ff02::16', inside('multicast (MLD)')],
  ['224.0.0.251', inside('multicast (mDNS)')],
  ['ff02::fb', inside('multicast (mDNS)')],
  ['224.0.0.252', inside('multicast (LLMNR)')],
  ['ff02::1:3', inside('multicast (LLMNR)')],
  ['239.255.255.250', inside('multicast (SSDP)')],
  ['ff02::c', inside('multicast (SSDP)')],
]);

/** By the names that ipaddr.js has for ranges. */
const RANGES: Readonly<Record<string, AddressLabel>> = {
  loopback: inside('loopback'),
  linkLocal: inside('link-local'),
  multicast: inside('multicast'),
  broadcast: inside('broadcast'),
  unspecified: inside('no address'),
};

/** RFC 5737, 3849, 9637 and 2544. */
const UNROUTED: readonly [range: [ipaddr.IPv4 | ipaddr.IPv6, number], label: AddressLabel][] = [
  ...['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32', '3fff::/20'].map(
    (range): [[ipaddr.IPv4 | ipaddr.IPv6, number], AddressLabel] => [
      ipaddr.parseCIDR(range),
      outside('documentation range'),
    ],
  ),
  [ipaddr.parseCIDR('198.18.0.0/15'), outside('benchmark range')],
];
const SOLICITED = ipaddr.parseCIDR('ff02::1:ff00:0/104');

/** Null for an address that could be anybody's. */
export function addressLabel(address: string): AddressLabel | null {
  const known = KNOWN.get(address);
  if (known !== undefined) return known;
  if (!ipaddr.isValid(address)) return null;
  const parsed = ipaddr.process(address);
  if (isIn(parsed, SOLICITED)) return inside('multicast (neighbour discovery)');
  const unrouted = UNROUTED.find(([range]) => isIn(parsed, range));
  if (unrouted !== undefined) return unrouted[1];
  return RANGES[parsed.range()] ?? null;
}

function isIn(address: ipaddr.IPv4 | ipaddr.IPv6, range: [ipaddr.IPv4 | ipaddr.IPv6, number]): boolean {
  return address.kind() === range[0].kind() && address.match(range);
}
