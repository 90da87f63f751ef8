/** One packet, two readings: tshark's and the kernel's. */
import { causeIsTrue } from './causes.ts';
import type { Subject } from './causes.ts';
import { expectedKey } from './expectedKey.ts';
import { explain, MALFORMED_OPTION } from './explanations.ts';
import { keyText, sameKey } from './flowKey.ts';
import type { FlowKey } from './flowKey.ts';
import { FragmentMemory } from './fragmentMemory.ts';
import { fixedHeader, headerLength, linkOf, neededLength, networkStart } from './geometry.ts';
import {
  bytesInside,
  hasOddUdpLength,
  hasTunnelSource,
  icmpFamily,
  isUnfollowed,
  quoted,
  tunnelled,
  tunnelledEtherType,
  withTunnelLength,
} from './inside.ts';
import type { Cause, ParsedPacket } from './parsedPacket.ts';
import { ETHERTYPE } from './protocols.ts';
import { isTag } from './layers.ts';
import type { Link, Network } from './layers.ts';
import type { Reading } from './reading.ts';

export type Verdict =
  | { readonly kind: 'equal' }
  /** We did not read it, and the cause is true. */
  | { readonly kind: 'unparsed'; readonly cause: string }
  | { readonly kind: 'explained'; readonly rule: string }
  | { readonly kind: 'disagreement'; readonly ours: string; readonly theirs: string };

/** What is quoted had its fragments elsewhere. */
const NO_FRAGMENTS = new FragmentMemory();

const EQUAL: Verdict = { kind: 'equal' };

function disagreement(ours: FlowKey | string | null, network: Network | undefined): Verdict {
  const theirs = network === undefined ? null : expectedKey(network);
  return {
    kind: 'disagreement',
    ours: ours === null ? 'nothing' : typeof ours === 'string' ? ours : keyText(ours),
    theirs: theirs === null ? (network === undefined ? 'nothing' : 'a part of a key') : keyText(theirs),
  };
}

/** An IP packet in a frame, as tshark read it. */
interface Place {
  readonly network: Network;
  /** From the network header to the frame's end; undefined where tshark does not tell. */
  readonly bytes: number | undefined;
  readonly malformed: boolean;
}

function compareKey(ours: FlowKey, place: Place, fragments: FragmentMemory): Verdict {
  const theirs = expectedKey(place.network);
  const flow = fragments.flowOf(place.network, ours);
  if (flow !== undefined && sameKey(ours, flow.key)) return EQUAL;
  if (flow?.certain !== true && theirs !== null && sameKey(ours, theirs)) return EQUAL;
  const rule = explain({ ours, theirs, ...place, isQuote: fragments === NO_FRAGMENTS });
  return rule === null ? disagreement(ours, place.network) : { kind: 'explained', rule };
}

function compareUnparsed(cause: Cause, subject: Subject): Verdict {
  if (causeIsTrue(cause, subject)) return { kind: 'unparsed', cause };
  const { network, bytes, malformed } = subject;
  const rule =
    network &&
    explain({ ours: null, theirs: expectedKey(network), network, bytes, malformed, isQuote: false });
  if (rule) return { kind: 'explained', rule };
  return disagreement(`unparsed: ${cause}`, subject.network);
}

/** The frame's own packet. */
export function compareOuter(
  packet: Buffer,
  ours: ParsedPacket,
  theirs: Reading,
  fragments: FragmentMemory,
): Verdict {
  const { network, malformed, rejectedVersion } = theirs;
  const bytes = packet.length - networkStart(packet);
  if (ours.cause !== null) {
    return compareUnparsed(ours.cause, { ...linkOf(packet), network, rejectedVersion, malformed, bytes });
  }
  if (ours.outer === null || network === undefined) return disagreement(ours.outer, network);
  return compareKey(ours.outer, { network, bytes, malformed }, fragments);
}

/** Of an 802.1ad tag tshark may have read a second with it, which it does not show. */
function mostTags({ etherTypes }: Link): number {
  return etherTypes.reduce((sum, type) => sum + (type === ETHERTYPE.qinq ? 2 : isTag(type) ? 1 : 0), 0);
}

function innerSubject(packet: Buffer, network: Network, reading: Reading): Subject {
  const inner = tunnelled(network);
  const { rejectedVersion, malformed } = reading;
  const link = inner?.link ?? reading.lastLink;
  return {
    tags: mostTags(link),
    etherType: tunnelledEtherType(network, reading),
    network: inner,
    rejectedVersion,
    bytes: bytesInside(network, packet.length - networkStart(packet)),
    malformed,
  };
}

function compareTunnelled(
  ours: ParsedPacket,
  network: Network,
  subject: Subject,
  fragments: FragmentMemory,
): Verdict | null {
  const inner = subject.network;
  if (ours.innerCause !== null) return compareUnparsed(ours.innerCause, subject);
  if (ours.inner === null) {
    if (inner === undefined || expectedKey(inner) === null) return null;
    return isUnfollowed(network)
      ? { kind: 'explained', rule: 'tunnel header not followed' }
      : disagreement(null, inner);
  }
  if (inner === undefined) return disagreement(ours.inner, inner);
  const verdict = compareKey(ours.inner, { ...subject, network: inner }, fragments);
  const vni = network.tunnel?.vni;
  if (verdict.kind !== 'equal' || vni === undefined || vni === ours.vni) return verdict;
  return disagreement(`network identifier ${ours.vni}, not ${vni}`, inner);
}

/** The packet in a tunnel; null where both saw none. */
export function compareInner(
  packet: Buffer,
  ours: ParsedPacket,
  theirs: Reading,
  fragments: FragmentMemory,
): Verdict | null {
  if (theirs.network === undefined || ours.cause !== null) return null;
  const network = withTunnelLength(packet, networkStart(packet), theirs.network);
  const subject = innerSubject(packet, network, theirs);
  const verdict = compareTunnelled(ours, network, subject, fragments);
  if (verdict?.kind !== 'disagreement') return verdict;
  const rule = explainOutside(network, subject, packet.length - networkStart(packet));
  return rule === null ? verdict : { kind: 'explained', rule };
}

/** Why tshark found another packet inside, or none, for a reason that lies outside of it. */
function explainOutside(network: Network, inner: Subject, bytes: number): string | null {
  if (hasOddUdpLength(network, bytes)) return 'beyond the length of UDP';
  if (hasTunnelSource(network)) return 'tunnel by its source port';
  const stopped = inner.network === undefined && inner.malformed && network.tunnel === undefined;
  return stopped && (headerLength(network) ?? 0) > fixedHeader(network.family) ? MALFORMED_OPTION : null;
}

const ICMPV6_KNOWN_ERRORS: readonly number[] = [1, 2, 3, 4];

/** Why a quoted packet may have no key: the kernel does not say, as an error is a flow of its own anyway. */
const QUOTE_CAUSES: readonly Cause[] = ['truncated', 'bad-header', 'extension-header'];

interface Quote extends Subject {
  /** Bytes of the quote by the error's header; 0: it does not say. */
  readonly quoteLength: number;
}

/** RFC 4884 section 4: in units of 32 bits, and of 64 in ICMPv6. */
function quoteLengthOf(packet: Buffer, network: Network): number {
  const error = networkStart(packet) + (headerLength(network) ?? 0);
  return network.family === 4 ? (packet[error + 5] ?? 0) * 4 : (packet[error + 4] ?? 0) * 8;
}

function compareQuote(ours: FlowKey | null, reporter: Network, subject: Quote): Verdict | null {
  const quote = subject.network;
  if (ours === null && (quote === undefined || expectedKey(quote) === null)) return null;
  const rule = explainQuote(ours, reporter, subject);
  if (rule !== null) return { kind: 'explained', rule };
  if (ours !== null && quote !== undefined) {
    return compareKey(ours, { ...subject, network: quote }, NO_FRAGMENTS);
  }
  const cause = ours === null ? QUOTE_CAUSES.find((candidate) => causeIsTrue(candidate, subject)) : undefined;
  return cause === undefined ? disagreement(ours, quote) : { kind: 'unparsed', cause };
}

/** Why only one of us follows a quote. */
function explainQuote(
  ours: FlowKey | null,
  reporter: Network,
  { network: quote, quoteLength }: Quote,
): string | null {
  // tshark goes by the quoted version; an error quotes a packet like itself, and is over its own IP.
  const isOther = quote?.family !== reporter.family || icmpFamily(reporter) !== reporter.family;
  if (ours === null && isOther) return 'quote of the other family';
  // All of ICMPv6's lower types are errors (RFC 4443 section 2.1). tshark follows those that it knows.
  const isUnknown =
    icmpFamily(reporter) === 6 && !ICMPV6_KNOWN_ERRORS.includes(reporter.transport?.type ?? 0);
  if (ours !== null && quote === undefined && isUnknown) return 'quote of an unknown error';
  // tshark reads no further than the error says that the quote is long; a true one holds all headers (RFC 4884).
  const isCut = quoteLength > 0 && (quote === undefined || quoteLength < neededLength(quote));
  const isPartial = quote === undefined || expectedKey(quote) === null;
  return ours !== null && isCut && isPartial ? 'quote longer than its error says' : null;
}

/** The packet that an ICMP error quotes; null where both saw none. */
export function compareQuoted(packet: Buffer, ours: ParsedPacket, theirs: Reading): Verdict | null {
  const { network, rejectedVersion } = theirs;
  if (network === undefined || ours.cause !== null) return null;
  if (ours.inner !== null) return compareQuotedInside(network);
  return compareQuote(ours.quoted, network, {
    tags: 0,
    etherType: network.family === 4 ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6,
    network: quoted(network),
    quoteLength: quoteLengthOf(packet, network),
    rejectedVersion,
    // A quoted packet is cut off: its own length says nothing, which is why it is not asked for here.
    bytes: bytesInside(network, packet.length - networkStart(packet)),
    // Where tshark stopped within a quoted packet it does not say so.
    malformed: true,
  });
}

/** An error in a tunnel is a flow like others; what it quotes is not followed. */
function compareQuotedInside(network: Network): Verdict | null {
  const reporter = tunnelled(network);
  const quote = reporter && quoted(reporter);
  if (quote === undefined || expectedKey(quote) === null) return null;
  return { kind: 'explained', rule: 'quote in a tunnel' };
}
