import type { Link, NeighbourEntry, NetworkNamespace, RouteEntry, RuleEntry } from '../../native/index.d.ts';
import type { ForwardingEntry, InterfaceStatistics, Neighbour } from '../../../src/model/topology.ts';

/** One namespace's dumps, read together. */
export interface NamespaceDump {
  readonly inode: number;
  readonly path: string;
  readonly links: readonly Link[];
  /** Addresses with prefix length by ifindex. */
  readonly addresses: ReadonlyMap<number, readonly string[]>;
  readonly routes: readonly RouteEntry[];
  readonly rules: readonly RuleEntry[];
  readonly neighbours: readonly NeighbourEntry[];
  readonly forwarding: readonly NeighbourEntry[];
}

export function dumpNamespace(namespace: NetworkNamespace): NamespaceDump {
  const addresses = new Map<number, string[]>();
  for (const { ifindex, address } of namespace.addresses()) {
    const list = addresses.get(ifindex);
    if (list === undefined) addresses.set(ifindex, [address]);
    else list.push(address);
  }
  return {
    inode: namespace.inode,
    path: namespace.path,
    links: namespace.links(),
    addresses,
    routes: namespace.routes(),
    rules: namespace.rules(),
    neighbours: namespace.neighbours(),
    forwarding: namespace.forwarding(),
  };
}

/** NUD_ bits and their words, as `ip neigh` prints them. */
const NEIGHBOUR_STATES: readonly (readonly [number, string])[] = [
  [0x01, 'incomplete'],
  [0x02, 'reachable'],
  [0x04, 'stale'],
  [0x08, 'delay'],
  [0x10, 'probe'],
  [0x20, 'failed'],
  [0x40, 'noarp'],
  [0x80, 'permanent'],
];
const NUD_PERMANENT = 0x80;
const NUD_NOARP = 0x40;

export function neighboursOf(dump: NamespaceDump): Neighbour[] {
  return dump.neighbours.flatMap((entry) =>
    entry.address === null || entry.state === NUD_NOARP
      ? []
      : [
          {
            address: entry.address,
            mac: entry.mac,
            ifindex: entry.ifindex,
            state: NEIGHBOUR_STATES.find(([bit]) => (entry.state & bit) !== 0)?.[1] ?? 'none',
          },
        ],
  );
}

export function forwardingOf(dump: NamespaceDump): ForwardingEntry[] {
  return dump.forwarding.flatMap((entry) =>
    entry.mac === null
      ? []
      : [
          {
            mac: entry.mac,
            ifindex: entry.ifindex,
            destination: entry.address,
            permanent: (entry.state & NUD_PERMANENT) !== 0,
          },
        ],
  );
}

export function statisticsOf(link: Link): InterfaceStatistics {
  return {
    receivedPackets: link.receivedPackets,
    receivedBytes: link.receivedBytes,
    receivedDropped: link.receivedDropped,
    sentPackets: link.sentPackets,
    sentBytes: link.sentBytes,
    sentDropped: link.sentDropped,
  };
}
