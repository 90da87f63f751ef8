/** Which packet is inside a packet for us: a tunnel's, or the one that an ICMP error quotes. */
import { finalProtocol } from './expectedKey.ts';
import { bytesThere, headerLength, networkStart } from './geometry.ts';
import { ETHERTYPE, PORT, PROTOCOL } from './protocols.ts';
import { announced } from './layers.ts';
import type { Network, Tunnel } from './layers.ts';
import type { Reading } from './reading.ts';

const ICMP_ERRORS = new Set([3, 4, 5, 11, 12]);
/** RFC 4443 section 2.1: what is lower is an error. */
const ICMPV6_FIRST_INFORMATION = 128;

const TUNNEL_PORTS = { vxlan: [PORT.vxlan, PORT.vxlanLinux], geneve: [PORT.geneve] } as const;

/** A tunnel is known by its destination port. tshark takes the source port too, and UDP-Lite. */
export function isTunnel(network: Network): boolean {
  const { tunnel, transport, extensions } = network;
  const protocol = finalProtocol(network);
  if (network.family === 4 && extensions.length > 0) return false;
  if (tunnel === undefined) return protocol === PROTOCOL.ipip || protocol === PROTOCOL.ipv6;
  if (tunnel.kind === 'gre') return protocol === PROTOCOL.gre;
  const ports: readonly number[] = TUNNEL_PORTS[tunnel.kind];
  return protocol === PROTOCOL.udp && ports.includes(transport?.destinationPort ?? 0);
}

/** Undefined where there is no tunnel, or where tshark met no IP packet in it. */
export function tunnelled(network: Network): Network | undefined {
  const { inside } = network;
  return inside !== undefined && inside.by !== 'quote' && isTunnel(network) ? inside.network : undefined;
}

function isIcmpError(network: Network): boolean {
  const { layer, type = 0 } = network.transport ?? { layer: '' };
  if (layer === 'icmp') return ICMP_ERRORS.has(type) && finalProtocol(network) === PROTOCOL.icmp;
  return layer === 'icmpv6' && type < ICMPV6_FIRST_INFORMATION && finalProtocol(network) === PROTOCOL.icmpv6;
}

/** The family that this ICMP error belongs to; undefined where it is none. */
export function icmpFamily(network: Network): 4 | 6 | undefined {
  if (!isIcmpError(network)) return undefined;
  return network.transport?.layer === 'icmp' ? 4 : 6;
}

export function quoted(network: Network): Network | undefined {
  return network.inside?.by === 'quote' && isIcmpError(network) ? network.inside.network : undefined;
}

/** The EtherType of what the tunnel carries, as far as tshark told. */
export function tunnelledEtherType(network: Network, reading: Reading): number | null {
  const { tunnel, inside } = network;
  const inFrame = announced(inside?.network.link ?? reading.lastLink);
  if (inFrame !== undefined) return inFrame;
  // A frame without a type is an 802.3 one, or cut off.
  if (tunnel !== undefined) return tunnel.type === ETHERTYPE.teb ? null : (tunnel.type ?? null);
  return finalProtocol(network) === PROTOCOL.ipip ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6;
}

const UDP_HEADER = 8;
const VXLAN_HEADER = 8;
const GENEVE_HEADER = 8;
/** In units of 4 bytes. */
const GENEVE_OPTIONS = 0x3f;
const ICMP_HEADER = 8;
const GRE = { checksum: 0x8000, routing: 0x4000, key: 0x2000, sequence: 0x1000, version: 0x0007 } as const;
const VXLAN_IDENTIFIER = 0x0800;

function greLength(flags: number): number {
  return 4 + 4 * [GRE.checksum, GRE.key, GRE.sequence].filter((bit) => flags & bit).length;
}

/** Up to the packet or frame inside. at: offset of its first byte */
function tunnelHeader({ kind, flags = 0 }: Tunnel, packet: Buffer, at: number): number {
  if (kind === 'vxlan') return UDP_HEADER + VXLAN_HEADER;
  if (kind === 'gre') return greLength(flags);
  return UDP_HEADER + GENEVE_HEADER + 4 * ((packet[at + UDP_HEADER] ?? 0) & GENEVE_OPTIONS);
}

/** With its tunnel's length from the packet: of options and tags tshark does not show all. start: the network header */
export function withTunnelLength(packet: Buffer, start: number, network: Network): Network {
  const { tunnel } = network;
  const header = headerLength(network);
  if (tunnel === undefined || header === undefined) return network;
  const at = start + header;
  const length = tunnelHeader(tunnel, packet, at);
  const hasFrame = tunnel.kind === 'vxlan' || tunnel.type === ETHERTYPE.teb;
  const link = hasFrame ? networkStart(packet.subarray(at + length)) : 0;
  return { ...network, tunnel: { ...tunnel, length: length + link } };
}

/** Offset of the IP header inside from the packet's own; undefined where tshark does not tell. */
export function insideStart(network: Network): number | undefined {
  const header = headerLength(network);
  const tunnel = network.tunnel === undefined ? 0 : network.tunnel.length;
  const between = isTunnel(network) ? tunnel : ICMP_HEADER;
  return header === undefined || between === undefined ? undefined : header + between;
}

/** Bytes that are there from the IP header inside on; undefined where tshark does not tell. */
export function bytesInside(network: Network, bytes: number): number | undefined {
  const start = insideStart(network);
  if (start === undefined) return undefined;
  return Math.max(0, bytesThere(network, bytes) - start);
}

/** The UDP header states another length than the packet has: tshark goes by it, and we do not. */
export function hasOddUdpLength(network: Network, bytes: number): boolean {
  const header = headerLength(network);
  const length = network.transport?.length;
  return length !== undefined && header !== undefined && header + length < bytesThere(network, bytes);
}

/** Both ports are tunnels': tshark may go by the source port, we go by the destination's. */
export function hasTunnelSource({ transport }: Network): boolean {
  return transport?.layer === 'udp' && Object.values(PORT).some((port) => port === transport.sourcePort);
}

/** A tunnel's header that tshark reads on from, and we do not: no identifier, an obsolete field, another version. */
export function isUnfollowed({ tunnel }: Network): boolean {
  if (tunnel?.flags === undefined) return false;
  if (tunnel.kind === 'vxlan') return !(tunnel.flags & VXLAN_IDENTIFIER);
  if (tunnel.kind === 'geneve') return tunnel.flags !== 0;
  return (tunnel.flags & (GRE.routing | GRE.version)) !== 0;
}
