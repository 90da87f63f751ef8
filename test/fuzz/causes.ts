/** When a cause of "unparsed" is true. */
import { expectedKey, extensionsOf, finalProtocol, isExtension } from './expectedKey.ts';
import { bytesThere, familyOf, fixedHeader, neededLength, statedLength } from './geometry.ts';
import type { Cause } from './parsedPacket.ts';
import { ETHERTYPE, PROTOCOL } from './protocols.ts';
import { isTag } from './layers.ts';
import type { Network } from './layers.ts';

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
  if (bytes === undefined && (expectedKey(network) === null || malformed)) return true;
  const there = bytesThere(network, bytes ?? Infinity);
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

const RULES: Readonly<Record<Cause, (subject: Subject) => boolean>> = {
  arp: ({ etherType }) => etherType === ETHERTYPE.arp || etherType === ETHERTYPE.rarp,
  // Null: a length in its place (802.3).
  'not-ip': ({ etherType }) => familyOf(etherType) === null,
  truncated,
  'vlan-depth': ({ tags }) => tags > MOST_TAGS,
  'extension-header': tooManyExtensions,
  'bad-header': badHeader,
};

export function causeIsTrue(cause: Cause, subject: Subject): boolean {
  return RULES[cause](subject);
}
