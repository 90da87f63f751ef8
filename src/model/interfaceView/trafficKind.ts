import type { Protocol, Tuple } from '../flow.ts';
import type { EndFacts, EndPlace, NodeEnds } from './nodeEnds.ts';
import type { CountedKind, TrafficKind } from './traffic.ts';

interface PortOfAddress {
  readonly address: string;
  readonly port: number;
}

/** A conversation as far as it must be known to say what its packets are. */
export interface Conversation {
  readonly protocol: Protocol;
  readonly client: EndFacts & PortOfAddress;
  readonly server: EndFacts & PortOfAddress;
  /** Where the client asked before DNAT, and its address after SNAT; null where nothing was translated. */
  readonly asked: PortOfAddress | null;
  readonly translated: PortOfAddress | null;
}

/**
 * What kind of traffic packets of a conversation are to a node, as they look at one of its points. It depends on who the ends
 * are and on the tuple there, never on the interface: so a packet where the table has none of its kind is found.
 */
export function trafficKind(conversation: Conversation, tuple: Tuple, ends: NodeEnds): CountedKind {
  const flooded = floodedKind(tuple, ends);
  if (flooded !== null) return flooded;
  const { client, server, asked, translated, protocol } = conversation;
  const from = ends.placeOf(client);
  const to = ends.placeOf(server);
  const after = translated !== null && hasEnd(tuple, translated, protocol);
  if (asked === null) {
    if (from === 'pod' && to === 'elsewhere') return after ? 'pod-masqueraded' : 'pod-to-outside';
    const sender = after ? ends.placeOfAddress(translated.address) : from;
    return between(sender, to, conversation, ends);
  }
  if (hasEnd(tuple, asked, protocol)) return askedKind(from, ends.placeOfAddress(asked.address));
  switch (from) {
    case 'pod':
      if (to === 'pod') return 'service-backend';
      if (to === 'elsewhere') return after ? 'pod-masqueraded' : 'pod-to-outside';
      if (to === 'other-pod' && !after) return 'service-backend-on-other-node';
      return between(after ? 'node' : from, to, conversation, ends);
    case 'elsewhere':
      return nodePortBackend(conversation, to, ends);
    default:
      return after && from !== 'node' ? 'other' : between(from, to, conversation, ends);
  }
}

/** DNAT of what comes from outside is this node's where it asked for the node, or its packets go on with the node's address. */
function nodePortBackend({ translated }: Conversation, to: EndPlace, ends: NodeEnds): CountedKind {
  if (to === 'node') return 'host-network';
  const isOurs = translated === null || ends.placeOfAddress(translated.address) === 'node';
  return to === 'pod' && isOurs ? 'node-port-backend' : 'other';
}

function askedKind(from: EndPlace, asked: EndPlace): CountedKind {
  if (from === 'pod') return 'service-asked';
  return from === 'elsewhere' || asked === 'node' ? 'node-port-asked' : 'other';
}

const PAIRS: Readonly<Record<string, TrafficKind>> = {
  'pod pod': 'pod-to-pod',
  'other-pod pod': 'pod-to-other-node',
  'node pod': 'process-to-pod',
  'node other-pod': 'process-to-other-node',
  'node node': 'loopback',
  'elsewhere node': 'host-network',
  'pod service': 'service-asked',
};

/** What packets between two ends are, whichever began, where no address was replaced. */
function between(
  one: EndPlace,
  other: EndPlace,
  { client, server, protocol }: Conversation,
  ends: NodeEnds,
): CountedKind {
  const kind = PAIRS[[one, other].sort().join(' ')] ?? 'other';
  if (kind === 'pod-to-pod' && ends.isSamePod(client.address, server.address)) return 'loopback';
  if (kind === 'host-network' && ends.isTunnels(protocol, [client.port, server.port])) return 'tunnel-outer';
  return kind;
}

/** Multicast and broadcast of pods; of others, and of what is for one on a link, no line of the table is. */
function floodedKind({ source, destination }: Tuple, ends: NodeEnds): CountedKind | null {
  const toEveryone = [destination, source].find((address) => ends.scopeOf(address) === 'everyone');
  if (toEveryone !== undefined) {
    const sender = toEveryone === destination ? source : destination;
    return ends.placeOfAddress(sender) === 'pod' ? 'broadcast' : 'other';
  }
  return [source, destination].some((address) => ends.scopeOf(address) === 'link') ? 'other' : null;
}

/** Ports are compared where there are some: an echo's id is replaced as they are. */
function hasEnd(tuple: Tuple, { address, port }: PortOfAddress, protocol: Protocol): boolean {
  const hasPorts = protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp';
  return (
    (tuple.source === address && (!hasPorts || tuple.sourcePort === port)) ||
    (tuple.destination === address && (!hasPorts || tuple.destinationPort === port))
  );
}
