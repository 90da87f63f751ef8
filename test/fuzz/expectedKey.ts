/** The flow key that a packet has by tshark's reading. */
import { DETAIL_FRAGMENT, keyAddress } from './flowKey.ts';
import type { FlowKey } from './flowKey.ts';
import { PROTOCOL } from './protocols.ts';
import type { Extension, Network, Transport } from './layers.ts';

type Ports = Pick<FlowKey, 'detail' | 'sourcePort' | 'destinationPort'>;

const NO_PORTS: Ports = { detail: 0, sourcePort: 0, destinationPort: 0 };

function echoOr(transport: Transport, request: number, reply: number): Ports | null {
  const { type, code, ident } = transport;
  if (type === undefined || code === undefined) return null;
  if (type !== request && type !== reply) return { ...NO_PORTS, detail: (type << 8) | code };
  if (ident === undefined) return null;
  return { detail: request << 8, sourcePort: ident, destinationPort: ident };
}

function byPorts({ sourcePort, destinationPort }: Transport): Ports | null {
  if (sourcePort === undefined || destinationPort === undefined) return null;
  return { detail: 0, sourcePort, destinationPort };
}

function bySpi(spi: number | undefined): Ports | null {
  if (spi === undefined) return null;
  return { detail: 0, sourcePort: spi >>> 16, destinationPort: spi & 0xffff };
}

function ofType(value: number | undefined): Ports | null {
  return value === undefined ? null : { ...NO_PORTS, detail: value };
}

const LAYERS: ReadonlyMap<number, readonly [layer: string, read: (transport: Transport) => Ports | null]> =
  new Map([
    [PROTOCOL.tcp, ['tcp', byPorts]],
    [PROTOCOL.udp, ['udp', byPorts]],
    [PROTOCOL.udplite, ['udplite', byPorts]],
    [PROTOCOL.sctp, ['sctp', byPorts]],
    [PROTOCOL.dccp, ['dccp', byPorts]],
    [PROTOCOL.ah, ['ah', ({ spi }) => bySpi(spi)]],
    [PROTOCOL.icmp, ['icmp', (transport) => echoOr(transport, 8, 0)]],
    [PROTOCOL.icmpv6, ['icmpv6', (transport) => echoOr(transport, 128, 129)]],
    [PROTOCOL.igmp, ['igmp', ({ type }) => ofType(type === undefined ? type : type << 8)]],
    [PROTOCOL.esp, ['esp', ({ spi }) => bySpi(spi)]],
    [PROTOCOL.gre, ['gre', ({ greProtocol }) => ofType(greProtocol)]],
  ]);

/** The protocol after the extension headers; undefined where tshark did not reach it. IPv4 has no such headers. */
export function finalProtocol(network: Network): number | undefined {
  const last = extensionsOf(network).at(-1);
  return last === undefined ? network.protocol : last.next;
}

/** IPv4 has none, though tshark follows them there too; and none is in a later fragment, though it looks like it. */
export function extensionsOf(network: Network): readonly Extension[] {
  if (network.family === 4) return [];
  const later = network.extensions.findIndex(({ fragment }) => (fragment?.offset ?? 0) > 0);
  return later < 0 ? network.extensions : network.extensions.slice(0, later + 1);
}

/** Whether this is a later fragment, which holds no header of the transport. */
export function isLaterFragment(network: Network): boolean {
  const offsets = extensionsOf(network).map(({ fragment }) => fragment?.offset ?? 0);
  return [network.fragment.offset ?? 0, ...offsets].some((offset) => offset > 0);
}

const EXTENSIONS: ReadonlySet<number> = new Set([
  PROTOCOL.hopByHop,
  PROTOCOL.routing,
  PROTOCOL.fragment,
  PROTOCOL.destinationOptions,
]);

/** Of IPv6: headers between its own and the transport's. */
export function isExtension(protocol: number): boolean {
  return EXTENSIONS.has(protocol);
}

/** Offset, flag and identification of the fragment that this packet is; null where it is whole. */
function fragmentOf(
  network: Network,
): (Network['fragment'] & { readonly protocol: number | undefined }) | null {
  const headers = extensionsOf(network).flatMap(({ fragment, next }) =>
    fragment ? [{ ...fragment, protocol: next }] : [],
  );
  const all = network.family === 4 ? [{ ...network.fragment, protocol: network.protocol }] : headers;
  return all.findLast(({ offset, more }) => (offset ?? 0) > 0 || (more ?? 0) > 0) ?? null;
}

/** What a packet's fragments share, the flow key's ends apart; undefined where this is no fragment. */
export function fragmentId(network: Network): string | undefined {
  const fragment = fragmentOf(network);
  return fragment === null ? undefined : `${network.family} ${fragment.id} ${fragment.protocol}`;
}

/** The part of a fragmented packet that holds the transport's header, or its beginning. */
export function isFirstFragment(network: Network): boolean {
  return fragmentOf(network) !== null && !isLaterFragment(network);
}

function portsOf(network: Network, protocol: number): Ports | null {
  if (isLaterFragment(network)) return { ...NO_PORTS, detail: DETAIL_FRAGMENT };
  // tshark stopped before a header that only announces the next.
  if (network.family === 6 && isExtension(protocol)) return null;
  const known = LAYERS.get(protocol);
  if (known === undefined) return NO_PORTS;
  const [layer, read] = known;
  const { transport } = network;
  // Over IPv4 tshark also follows IPv6's extension headers; what it finds there is not ours.
  if (network.family === 4 && network.extensions.length > 0) return null;
  return transport?.layer === layer ? read(transport) : null;
}

/** Null where tshark did not read all of it. */
export function expectedKey(network: Network): FlowKey | null {
  const protocol = finalProtocol(network);
  const { source, destination } = network;
  if (protocol === undefined || source === undefined || destination === undefined) return null;
  const ports = portsOf(network, protocol);
  if (ports === null) return null;
  const ends = { source: keyAddress(source), destination: keyAddress(destination) };
  return { family: network.family, protocol, ...ends, ...ports };
}
