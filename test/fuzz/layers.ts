/** The headers of a frame, and each from tshark's next values of its fields. */
import type { Field, Row } from './tsharkFields.ts';
import { ETHERTYPE, PROTOCOL } from './protocols.ts';

export type Maybe = number | undefined;

/** An IPv6 extension header. length in bytes. */
export interface Extension {
  readonly protocol: number;
  readonly next: Maybe;
  readonly length: Maybe;
  readonly fragment?: { readonly offset: Maybe; readonly more: Maybe; readonly id: Maybe };
}

export interface Transport {
  readonly layer: string;
  readonly sourcePort?: Maybe;
  readonly destinationPort?: Maybe;
  /** Of UDP with its header, in bytes. */
  readonly length?: Maybe;
  /** Of TCP, in bytes. */
  readonly headerLength?: Maybe;
  readonly type?: Maybe;
  readonly code?: Maybe;
  readonly ident?: Maybe;
  readonly spi?: Maybe;
  /** Of GRE. */
  readonly flags?: Maybe;
  readonly greProtocol?: Maybe;
}

export interface Tunnel {
  readonly kind: 'vxlan' | 'geneve' | 'gre';
  readonly flags?: Maybe;
  readonly vni?: Maybe;
  readonly type?: Maybe;
  /** From the transport's header to the IP header inside; from the packet, as tshark does not show all of it. */
  readonly length?: Maybe;
}

/** One IP packet; what is undefined tshark did not reach. */
export interface Network {
  readonly family: 4 | 6;
  readonly version: Maybe;
  readonly headerLength: Maybe;
  /** IPv4: total length; IPv6: of the payload. */
  readonly length: Maybe;
  readonly fragment: { readonly offset: Maybe; readonly more: Maybe; readonly id: Maybe };
  readonly protocol: Maybe;
  readonly source: string | undefined;
  readonly destination: string | undefined;
  /**
   * With a source route somewhere in the frame: every destination that tshark shows. It gives the route's end in place of
   * the header's, or beside it, or none, so that the values cannot be told apart by their order.
   */
  readonly destinations: readonly string[];
  readonly link: Link;
  readonly extensions: Extension[];
  transport?: Transport;
  tunnel?: Tunnel;
  /** The packet inside, and how it got there. */
  inside?: Inside;
}

/** EtherTypes from the frame's first on; the last announces what follows. */
export interface Link {
  readonly etherTypes: readonly number[];
}

export interface Inside {
  readonly by: 'tunnel' | 'ip' | 'quote';
  readonly network: Network;
}

/** Of what follows the tags that Linux knows; undefined where the frame ends before it or has a length there. */
export function announced({ etherTypes }: Link): Maybe {
  return etherTypes.find((type) => !isTag(type)) ?? etherTypes.at(-1);
}

export function isTag(etherType: number): boolean {
  return etherType === ETHERTYPE.vlan || etherType === ETHERTYPE.qinq;
}

/** Types whose header tshark shows an identifier of (echo, timestamp, information, address mask). */
const ICMP_WITH_IDENT = new Set([0, 8, 13, 14, 15, 16, 17, 18, 42, 43]);
const ICMPV6_WITH_IDENT = new Set([128, 129]);

function destinationsOf(row: Row): readonly string[] {
  const destinations = row.all('ip.dst');
  const nextHops = row.all('ip.cur_rt');
  const oneEach = nextHops.length === 0 && destinations.length === row.all('ip.src').length;
  return oneEach ? [] : [...nextHops, ...destinations];
}

export function readIpv4(row: Row, link: Link): Network {
  const version = row.number('ip.version');
  const headerLength = row.number('ip.hdr_len');
  const length = row.number('ip.len');
  const fragment = {
    id: row.number('ip.id'),
    more: row.number('ip.flags.mf'),
    offset: row.number('ip.frag_offset'),
  };
  const protocol = row.number('ip.proto');
  const source = row.text('ip.src');
  const destination = row.text('ip.dst');
  return {
    family: 4,
    version,
    headerLength,
    length,
    fragment,
    protocol,
    source,
    destination,
    destinations: destinationsOf(row),
    link,
    extensions: [],
  };
}

export function readIpv6(row: Row, link: Link): Network {
  // tshark adds the other field too, hidden.
  row.number('ip.version');
  const version = row.number('ipv6.version');
  const length = row.number('ipv6.plen');
  const protocol = row.number('ipv6.nxt');
  const source = row.text('ipv6.src');
  const destination = row.text('ipv6.dst');
  const fragment = { offset: 0, more: 0, id: 0 };
  return {
    family: 6,
    version,
    headerLength: 40,
    length,
    fragment,
    protocol,
    source,
    destination,
    destinations: [],
    link,
    extensions: [],
  };
}

function inUnits(length: Maybe, add: number, unit: number): Maybe {
  return length === undefined ? undefined : (length + add) * unit;
}

export const EXTENSIONS: Readonly<Record<string, (row: Row) => Extension>> = {
  'ipv6.hopopts': (row) => ({
    protocol: PROTOCOL.hopByHop,
    next: row.number('ipv6.hopopts.nxt'),
    length: inUnits(row.number('ipv6.hopopts.len'), 1, 8),
  }),
  'ipv6.dstopts': (row) => ({
    protocol: PROTOCOL.destinationOptions,
    next: row.number('ipv6.dstopts.nxt'),
    length: inUnits(row.number('ipv6.dstopts.len'), 1, 8),
  }),
  'ipv6.routing': (row) => ({
    protocol: PROTOCOL.routing,
    next: row.number('ipv6.routing.nxt'),
    length: inUnits(row.number('ipv6.routing.len'), 1, 8),
  }),
  'ipv6.fraghdr': (row) => ({
    protocol: PROTOCOL.fragment,
    next: row.number('ipv6.fraghdr.nxt'),
    length: 8,
    fragment: {
      offset: row.number('ipv6.fraghdr.offset'),
      more: row.number('ipv6.fraghdr.more'),
      id: row.number('ipv6.fraghdr.ident'),
    },
  }),
};

function readIcmp(row: Row, layer: 'icmp' | 'icmpv6'): Transport {
  const type = row.number(`${layer}.type`);
  const code = row.number(`${layer}.code`);
  if (type === undefined) return { layer };
  const withIdent = layer === 'icmp' ? ICMP_WITH_IDENT : ICMPV6_WITH_IDENT;
  const ident = withIdent.has(type)
    ? row.number(layer === 'icmp' ? 'icmp.ident' : 'icmpv6.echo.identifier')
    : undefined;
  return { layer, type, code, ident };
}

function readUdp(row: Row, layer: string): Transport {
  return {
    layer,
    sourcePort: row.number('udp.srcport'),
    destinationPort: row.number('udp.dstport'),
    // UDP-Lite shows how much its checksum covers instead.
    length: layer === 'udp' ? row.number('udp.length') : undefined,
  };
}

export const TRANSPORTS: Readonly<Record<string, (row: Row, layer: string) => Transport>> = {
  tcp: (row, layer) => ({
    layer,
    sourcePort: row.number('tcp.srcport'),
    destinationPort: row.number('tcp.dstport'),
    headerLength: row.number('tcp.hdr_len'),
  }),
  udp: readUdp,
  udplite: readUdp,
  sctp: (row, layer) => ({
    layer,
    sourcePort: row.number('sctp.srcport'),
    destinationPort: row.number('sctp.dstport'),
  }),
  dccp: (row, layer) => ({
    layer,
    sourcePort: row.number('dccp.srcport'),
    destinationPort: row.number('dccp.dstport'),
  }),
  icmp: (row) => readIcmp(row, 'icmp'),
  icmpv6: (row) => readIcmp(row, 'icmpv6'),
  igmp: (row, layer) => ({ layer, type: row.number('igmp.type') }),
  esp: (row, layer) => ({ layer, spi: row.number('esp.spi') }),
  ah: (row, layer) => ({ layer, spi: row.number('ah.spi') }),
  gre: (row, layer) => ({
    layer,
    flags: row.number('gre.flags_and_version'),
    greProtocol: row.number('gre.proto'),
  }),
};

export const TUNNELS: Readonly<Record<string, (row: Row) => Tunnel>> = {
  vxlan: (row) => ({ kind: 'vxlan', flags: row.number('vxlan.flags'), vni: row.number('vxlan.vni') }),
  geneve: (row) => ({
    kind: 'geneve',
    flags: row.number('geneve.version'),
    type: row.number('geneve.proto_type'),
    vni: row.number('geneve.vni'),
  }),
};

/** The field that holds the EtherType of what follows a link layer. */
export const ETHERTYPE_FIELDS: Readonly<Record<string, Field>> = {
  eth: 'eth.type',
  vlan: 'vlan.etype',
  ieee8021ad: 'ieee8021ah.etype',
};
