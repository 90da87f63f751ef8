/** Differences that are no error, each with the reason why tshark reads otherwise. Counted and printed by name. */
import { expectedKey, finalProtocol, isExtension, isFirstFragment } from './expectedKey.ts';
import { DETAIL_FRAGMENT, keyAddress, sameKey } from './flowKey.ts';
import type { FlowKey } from './flowKey.ts';
import {
  bytesThere,
  fixedHeader,
  headerLength,
  isJumbogram,
  neededLength,
  statedLength,
} from './geometry.ts';
import { PROTOCOL } from './protocols.ts';
import type { Network } from './layers.ts';

export interface Difference {
  /** Null where we named a cause that tshark's reading does not bear out. */
  readonly ours: FlowKey | null;
  /** Null where tshark stopped before it had read all of the key. */
  readonly theirs: FlowKey | null;
  readonly network: Network;
  /** From the network header to the frame's end; undefined where tshark does not tell. */
  readonly bytes: number | undefined;
  readonly malformed: boolean;
  /** By an ICMP error. */
  readonly isQuote: boolean;
}

function destinations({ destination, destinations }: Network): readonly string[] {
  return destination === undefined ? destinations : [destination, ...destinations];
}

function endsAgree({ ours, network }: Difference): boolean {
  if (ours === null) return true;
  const { source, family } = network;
  if (source === undefined || ours.family !== family || ours.source !== keyAddress(source)) return false;
  return destinations(network).some((destination) => keyAddress(destination) === ours.destination);
}

export const MALFORMED_OPTION = 'malformed option';

/**
 * An option overruns the header that it is in. tshark stops there; the header's own length is sound, and we go by that
 * without looking at options. Where they can be blanked, the packet is read again and compared in full.
 */
function malformedOption(difference: Difference): boolean {
  const { ours, network, malformed, theirs, bytes = Infinity } = difference;
  if (!malformed || theirs !== null || network.transport !== undefined) return false;
  const header = headerLength(network);
  const hasOptions = header !== undefined && header > fixedHeader(network.family);
  const protocol = finalProtocol(network);
  const stoppedBefore = protocol === undefined || (network.family === 6 && isExtension(protocol));
  const sameProtocol = ours === null || stoppedBefore || ours.protocol === protocol;
  return hasOptions && sameProtocol && header <= bytesThere(network, bytes) && endsAgree(difference);
}

/** tshark gives the end of a source route as destination, we the next hop that the packet is on its way to. */
function sourceRoute({ ours, network }: Difference): boolean {
  return network.destinations.some((destination) => {
    const theirs = expectedKey({ ...network, destination });
    return ours !== null && theirs !== null && sameKey(ours, theirs);
  });
}

/**
 * tshark shows what we know these protocols by only where their whole header is; where it is quoted, only where what
 * follows is sound, too.
 */
function cutHeader(difference: Difference): boolean {
  const { ours, theirs, network, malformed, bytes, isQuote } = difference;
  const whole = WHOLE_HEADERS.get(ours?.protocol ?? 0);
  if (whole === undefined || theirs !== null) return false;
  const end = (headerLength(network) ?? 0) + whole;
  const isCut = bytes === undefined || isQuote ? malformed : bytesThere(network, bytes) < end;
  return isCut && endsAgree(difference);
}

const WHOLE_HEADERS: ReadonlyMap<number, number> = new Map([
  [PROTOCOL.sctp, 12],
  [PROTOCOL.dccp, 12],
  [PROTOCOL.igmp, 8],
  [PROTOCOL.ah, 12],
]);

/**
 * A jumbogram without the option that says how long it is. tshark takes it for an empty packet; we read what is there,
 * as the kernel does.
 */
function lengthlessJumbogram(difference: Difference): boolean {
  return isJumbogram(difference.network) && difference.theirs === null && endsAgree(difference);
}

/**
 * A first fragment ends within the transport's header. tshark shows the ports if at least they are there; we want the
 * whole header, and say that the packet's fragments are without ports.
 */
function shortFirstFragment(difference: Difference): boolean {
  const { ours, network, bytes = Infinity } = difference;
  if (!isFirstFragment(network) || ours?.detail !== DETAIL_FRAGMENT) return false;
  return bytesThere(network, bytes) < neededLength(network) && endsAgree(difference);
}

/**
 * A quoted packet ends, by its own length, within the headers that we want. tshark goes by that; we do not, as what is
 * quoted is cut off and some hosts write another length into it.
 */
function quoteOfBadLength(difference: Difference): boolean {
  const { network, theirs, isQuote } = difference;
  const isShort = (statedLength(network) ?? Infinity) < neededLength(network);
  return isQuote && theirs === null && isShort && (network.source === undefined || endsAgree(difference));
}

const RULES: readonly (readonly [name: string, applies: (difference: Difference) => boolean])[] = [
  ['jumbogram without length', lengthlessJumbogram],
  ['short first fragment', shortFirstFragment],
  ['quote of bad length', quoteOfBadLength],
  ['source route', sourceRoute],
  ['header not whole', cutHeader],
  [MALFORMED_OPTION, malformedOption],
];

/** The name of the rule that explains it; null where none does. */
export function explain(difference: Difference): string | null {
  return RULES.find(([, applies]) => applies(difference))?.[0] ?? null;
}
