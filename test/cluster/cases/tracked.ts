/** How a connection's addresses change on its way from node to node, as conntrack(8), or Cilium, lists it on each. */
import { connections } from '../../lab/truth/connections.ts';
import type { Connection, ConntrackEnds } from '../../lab/truth/connections.ts';
import { nodeNamespace, NODES } from '../cluster.ts';
import type { Cluster, NodeName } from '../cluster.ts';
import { ciliumConnections } from './ciliumTracked.ts';

/** A connection as one node has it. */
export interface TrackedView {
  readonly node: NodeName;
  /** As it comes to the node. */
  readonly original: ConntrackEnds;
  /** As it leaves the node. */
  readonly translated: ConntrackEnds;
}

export interface TrackedPath {
  readonly views: readonly TrackedView[];
  /** As it comes to who answers. */
  readonly final: ConntrackEnds;
}

export type Listing = ReadonlyMap<NodeName, readonly Connection[]>;

/** What both nodes list now. */
export function listConnections(cluster: Cluster): Listing {
  const listed = (node: NodeName): readonly Connection[] => {
    const tracked = connections(nodeNamespace(cluster.id, node));
    if (cluster.shape !== 'cilium') return tracked;
    // Both may have a connection: that which translates it says more.
    const all = [...tracked, ...ciliumConnections(cluster, node)];
    return [...all.filter(isTranslated), ...all.filter((entry) => !isTranslated(entry))];
  };
  return new Map(NODES.map((node) => [node, listed(node)]));
}

function isTranslated({ original, reply }: Connection): boolean {
  return !isSame(original, turned(reply));
}

/** Follows a connection from its client on. */
export function pathOf(listing: Listing, client: ConntrackEnds, protocol = 'tcp'): TrackedPath {
  const views: TrackedView[] = [];
  let current = client;
  for (;;) {
    const next = NODES.filter((node) => !views.some((view) => view.node === node)).flatMap((node) => {
      const found = listing
        .get(node)
        ?.find((entry) => entry.protocol === protocol && isSame(entry.original, current));
      return found === undefined ? [] : [{ node, original: current, translated: turned(found.reply) }];
    });
    // Of two nodes that both know it as it is now, the one that changes it is the one that it leaves last.
    const view = next.find(({ original, translated }) => isSame(original, translated)) ?? next[0];
    if (view === undefined) return { views, final: current };
    views.push(view);
    current = view.translated;
  }
}

function turned({ source, sourcePort, destination, destinationPort }: ConntrackEnds): ConntrackEnds {
  return {
    source: destination,
    sourcePort: destinationPort,
    destination: source,
    destinationPort: sourcePort,
  };
}

export function isSame(one: ConntrackEnds, other: ConntrackEnds): boolean {
  return (
    one.source === other.source &&
    one.sourcePort === other.sourcePort &&
    one.destination === other.destination &&
    one.destinationPort === other.destinationPort
  );
}
