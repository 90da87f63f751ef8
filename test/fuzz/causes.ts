/** When a cause of "unparsed" is true. */
import { expectedKey, extensionsOf, finalProtocol, isExtension, isLaterFragment } from './expectedKey.ts';
import { bytesThere, familyOf, fixedHeader, neededLength, statedLength } from './geometry.ts';
import { ETHERTYPE, PROTOCOL } from './protocols.ts';
import { isTag } from './reading.ts';
import type { Network } from './reading.ts';

/** What the causes are about: a frame or one inside it. */
export interface Subject {
  /** Tags before the network header, and the EtherType after them. */
  readonly tags: number;
  readonly etherType: number | null;
  readonly network: Network | undefined;
  readonly rejectedVersion: number | undefined;
  /** Bytes from the network header to the frame's end; undefined where tshark does not tell. */
  readonly bytes: number | undefined;
  readonly malformed: boolean;
}

const MOST_TAGS = 2;
const MOST_EXTENSION_HEADERS = 6;
const SMALLEST_TCP = 20;

function truncated({ etherType, network, bytes, malformed }: Subject): boolean {
  if (network === undefined) {
    const family = familyOf(etherType);
    if (etherType === null || isTag(etherType)) return true;
    return bytes === undefined ? malformed : family !== null && bytes < fixedHeader(family);
  }
  if (bytes === undefined) return expectedKey(network) === null || malformed;
  const there = bytesThere(network, bytes);
  return there < fixedHeader(network.family) || there < neededLength(network);
}

function badHeader({ etherType, network, rejectedVersion }: Subject): boolean {
  if (network === undefined) return rejectedVersion !== undefined;
  const announced = familyOf(etherType) ?? network.family;
  const headerLength = network.headerLength ?? 0;
  const tcpLength = network.transport?.layer === 'tcp' ? network.transport.headerLength : undefined;
  return (
    network.version !== announced ||
    (network.family === 4 &&
      (headerLength < fixedHeader(4) || headerLength > (statedLength(network) ?? 60))) ||
    (finalProtocol(network) === PROTOCOL.tcp && tcpLength !== undefined && tcpLength < SMALLEST_TCP)
  );
}

function tooManyExtensions({ network }: Subject): boolean {
  if (network?.family !== 6) return false;
  const next = finalProtocol(network);
  const following = next !== undefined && isExtension(next) ? 1 : 0;
  return extensionsOf(network).length + following > MOST_EXTENSION_HEADERS;
}

const RULES: Readonly<Record<string, (subject: Subject) => boolean>> = {
  arp: ({ etherType }) => etherType === ETHERTYPE.arp || etherType === ETHERTYPE.rarp,
  // Null: a length in its place (802.3).
  'not-ip': ({ etherType }) => familyOf(etherType) === null,
  truncated,
  'vlan-depth': ({ tags }) => tags > MOST_TAGS,
  'extension-header': tooManyExtensions,
  'bad-header': badHeader,
  // Of the parser that knows fewer protocols.
  'ip-options': ({ network, bytes }) => bytes !== undefined && bytes < (network?.headerLength ?? 0),
  fragment: ({ network }) => network !== undefined && isLaterFragment(network),
  protocol: ({ network }) => network !== undefined && !ONCE_KNOWN.has(finalProtocol(network) ?? -1),
};

const ONCE_KNOWN: ReadonlySet<number> = new Set([
  ...[PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.udplite, PROTOCOL.sctp, PROTOCOL.icmp, PROTOCOL.icmpv6],
]);

export function causeIsTrue(cause: string, subject: Subject): boolean {
  const rule = RULES[cause];
  if (rule === undefined) throw new Error(`no rule says when "${cause}" is true`);
  return rule(subject);
}
