/** Where headers begin and end, by the lengths that tshark read; for judging "truncated". */
import { extensionsOf, finalProtocol, isExtension, isLaterFragment } from './expectedKey.ts';
import { ETHERTYPE, PROTOCOL } from './protocols.ts';
import { isTag } from './layers.ts';
import type { Network } from './layers.ts';

const ETHERNET_HEADER = 14;
const TAG = 4;
/** An extension header's least; also all that is looked at of one. */
const EXTENSION_HEADER = 8;

/** 802.1Q and 802.1ad tags at the frame's beginning, and what they announce; null where it ends before that. */
export function linkOf(packet: Buffer): { readonly tags: number; readonly etherType: number | null } {
  let tags = 0;
  for (;;) {
    const offset = ETHERNET_HEADER - 2 + tags * TAG;
    if (offset + 2 > packet.length) return { tags, etherType: null };
    const etherType = packet.readUInt16BE(offset);
    if (!isTag(etherType)) return { tags, etherType };
    tags++;
  }
}

export function networkStart(packet: Buffer): number {
  return ETHERNET_HEADER + linkOf(packet).tags * TAG;
}

/** Bytes of the headers that hold a key, or say where the next header is. */
const TRANSPORT_HEADER: ReadonlyMap<number, number> = new Map([
  [PROTOCOL.tcp, 20],
  [PROTOCOL.udp, 4],
  [PROTOCOL.udplite, 4],
  [PROTOCOL.sctp, 4],
  [PROTOCOL.dccp, 4],
  [PROTOCOL.icmp, 8],
  [PROTOCOL.icmpv6, 8],
  [PROTOCOL.igmp, 1],
  [PROTOCOL.gre, 4],
  [PROTOCOL.esp, 4],
  [PROTOCOL.ah, 8],
]);

/** IPv6 without a length: it is in an option of the hop-by-hop header (RFC 2675). */
export function isJumbogram({ family, length, protocol }: Network): boolean {
  return family === 6 && length === 0 && protocol === PROTOCOL.hopByHop;
}

/** Bytes of the packet that are there: no more than it says it has, and a padded frame has more. */
export function bytesThere(network: Network, bytes: number): number {
  return Math.min(bytes, statedLength(network) ?? bytes);
}

export function fixedHeader(family: number): number {
  return family === 4 ? 20 : 40;
}

/** Offset from the network header of the transport's; undefined where tshark did not see a header's length. */
export function headerLength(network: Network): number | undefined {
  const fixed = fixedHeader(network.family);
  if (network.family === 4) return Math.max(network.headerLength ?? fixed, fixed);
  return extensionsOf(network).reduce<number | undefined>(
    (sum, { next, length }) =>
      sum === undefined || next === undefined || length === undefined ? undefined : sum + length,
    fixed,
  );
}

/** Offset from the network header of the end of all that its key needs, as far as tshark could tell. */
export function neededLength(network: Network): number {
  const header = headerLength(network);
  if (header !== undefined) return header + transportLength(network);
  const whole = extensionsOf(network).filter(
    ({ next, length }) => next !== undefined && length !== undefined,
  );
  const lengths = whole.reduce((sum, { length = 0 }) => sum + length, fixedHeader(6));
  return lengths + EXTENSION_HEADER;
}

function transportLength(network: Network): number {
  const protocol = finalProtocol(network);
  if (protocol === undefined || isLaterFragment(network)) return 0;
  if (network.family === 6 && isExtension(protocol)) return EXTENSION_HEADER;
  return TRANSPORT_HEADER.get(protocol) ?? 0;
}

/** Length of the packet by its own header, from its first byte; undefined where the header leaves it open. */
export function statedLength(network: Network): number | undefined {
  const { family, length } = network;
  if (length === undefined) return undefined;
  // 0: a buffer larger than the field holds, and of IPv6 a jumbogram, whose option says how long it is.
  if (family === 4) return length === 0 ? undefined : length;
  return isJumbogram(network) ? undefined : 40 + length;
}

export function familyOf(etherType: number | null): 4 | 6 | null {
  if (etherType === ETHERTYPE.ipv4) return 4;
  return etherType === ETHERTYPE.ipv6 ? 6 : null;
}
