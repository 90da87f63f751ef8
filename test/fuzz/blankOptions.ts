/** The same packet with options and routes that mean nothing, for tshark, which stops at a malformed one. We never read them. */
import { extensionsOf } from './expectedKey.ts';
import { fixedHeader, networkStart } from './geometry.ts';
import { insideStart, quoted, tunnelled, withTunnelLength } from './inside.ts';
import { PROTOCOL } from './protocols.ts';
import type { Network } from './layers.ts';

/** RFC 791: no operation. */
const IPV4_NO_OPERATION = 1;
/** RFC 8200 section 4.2: PadN, which tshark follows where it gives up on many Pad1. */
const IPV6_PAD_N = 1;
const PAD_N_HEADER = 2;
/** The longest that is sure to leave room for another. */
const LONGEST_PAD_N = 250;
/** RFC 4727 section 3.2: a type of routing header that nobody dissects. */
const ROUTING_EXPERIMENT = 253;
/** Of an extension header, before its options: next header and length. */
const EXTENSION_START = 2;
const WITH_OPTIONS: readonly number[] = [PROTOCOL.hopByHop, PROTOCOL.destinationOptions];

/** Options are at least 6 bytes and a multiple of 2 long. */
function pad(options: Buffer): void {
  for (let at = 0; at < options.length; at += LONGEST_PAD_N) {
    const option = options.subarray(at, at + LONGEST_PAD_N).fill(0);
    option.set([IPV6_PAD_N, option.length - PAD_N_HEADER].slice(0, option.length));
  }
}

function blank(packet: Buffer, start: number, network: Network): void {
  let at = start + fixedHeader(network.family);
  if (network.family === 4) {
    packet.subarray(at, start + (network.headerLength ?? 0)).fill(IPV4_NO_OPERATION);
    return;
  }
  for (const { protocol, length = 0 } of extensionsOf(network)) {
    const body = packet.subarray(at + EXTENSION_START, at + length);
    if (WITH_OPTIONS.includes(protocol)) pad(body);
    else if (protocol === PROTOCOL.routing) body.fill(0).fill(ROUTING_EXPERIMENT, 0, 1);
    at += length;
  }
}

/** A copy, blanked as far as tshark told where the packets in it begin. */
export function withBlankOptions(packet: Buffer, network: Network | undefined): Buffer {
  const copy = Buffer.from(packet);
  let start: number | undefined = networkStart(packet);
  let next = network;
  while (start !== undefined && next !== undefined) {
    blank(copy, start, next);
    const inside: Network | undefined = tunnelled(next) ?? quoted(next);
    const offset: number | undefined = insideStart(withTunnelLength(packet, start, next));
    start = offset === undefined ? undefined : start + offset;
    next = inside;
  }
  return copy;
}
