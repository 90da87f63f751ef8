import type { InterfaceTopology, NamespaceTopology, Topology } from '../topology.ts';
import { addressOf, isLoopback } from './addresses.ts';
import type { PathInterface } from './flowPath.ts';

/** A namespace of a node whose wiring is known. */
export interface Place {
  readonly node: string;
  readonly topology: Topology;
  readonly namespace: NamespaceTopology;
  /** What the namespace is to the node: its own, a pod's, or one that is neither and is wired to it. */
  readonly kind: 'node' | 'pod' | 'other';
}

/** An interface of such a namespace. */
export interface PlacedInterface {
  readonly place: Place;
  readonly link: InterfaceTopology;
}

/** The wiring of all nodes that are observed, to be asked. */
export class Wirings {
  readonly topologies: readonly Topology[];

  constructor(topologies: readonly Topology[]) {
    this.topologies = topologies;
  }

  /** The node's own namespace; null for a node that is not observed. */
  node(name: string): Place | null {
    const topology = this.topologies.find(({ node }) => node === name);
    const namespace = topology?.namespaces[0];
    return topology === undefined || namespace === undefined ? null : placeIn(topology, namespace);
  }

  /** The namespace with the inode, of whichever node. */
  namespace(inode: number): Place | null {
    for (const topology of this.topologies) {
      const namespace = topology.namespaces.find((candidate) => candidate.inode === inode);
      if (namespace !== undefined) return placeIn(topology, namespace);
    }
    return null;
  }

  namespaceOf(node: string, inode: number): Place | null {
    const topology = this.topologies.find((candidate) => candidate.node === node);
    const namespace = topology?.namespaces.find((candidate) => candidate.inode === inode);
    return topology === undefined || namespace === undefined ? null : placeIn(topology, namespace);
  }

  /** The pod's own namespace; null for a pod of the node's network, or of a node that is not observed. */
  pod(uid: string): Place | null {
    for (const topology of this.topologies) {
      const namespace = topology.namespaces.find(({ pod }) => pod?.uid === uid);
      if (namespace !== undefined) return placeIn(topology, namespace);
    }
    return null;
  }

  /** The node one of whose own interfaces has the address. */
  nodeWith(address: string): Place | null {
    for (const { node } of this.topologies) {
      const place = this.node(node);
      if (place !== null && linkWith(place.namespace, address) !== null) return place;
    }
    return null;
  }

  /** The namespace, a pod's for example, that has the address: a node's own, or one that is wired to it. */
  namespaceWith(address: string): Place | null {
    for (const topology of this.topologies) {
      const [own] = topology.namespaces;
      const wired = new Set(own?.interfaces.map(({ peer }) => peer?.netns));
      const namespace = topology.namespaces.find(
        (candidate) =>
          (candidate === own || wired.has(candidate.inode)) && linkWith(candidate, address) !== null,
      );
      if (namespace !== undefined) return placeIn(topology, namespace);
    }
    return null;
  }

  /** The other end of a veth pair. From inside a pod it is found from outside: pods' namespaces have no ids for others. */
  peer(at: PlacedInterface): PlacedInterface | null {
    const { place, link } = at;
    if (link.peer === null) return link.kind === 'veth' ? this.hostSide(at) : null;
    const { netns, ifindex } = link.peer;
    const namespace = place.topology.namespaces.find(({ inode }) => inode === netns);
    const other = namespace?.interfaces.find((candidate) => candidate.ifindex === ifindex);
    if (namespace === undefined || other === undefined) return null;
    return { place: placeIn(place.topology, namespace), link: other };
  }

  /** The node's side of the veth pair of an interface in a pod. */
  hostSide(inside: PlacedInterface): PlacedInterface | null {
    for (const link of this.node(inside.place.node)?.namespace.interfaces ?? []) {
      const isPeer =
        link.peer?.netns === inside.place.namespace.inode && link.peer.ifindex === inside.link.ifindex;
      const place = this.node(inside.place.node);
      if (isPeer && place !== null) return { place, link };
    }
    return null;
  }
}

function placeIn(topology: Topology, namespace: NamespaceTopology): Place {
  const isOwn = topology.namespaces[0] === namespace;
  const kind = isOwn ? 'node' : namespace.pod === null ? 'other' : 'pod';
  return { node: topology.node, topology, namespace, kind };
}

/** The interface that has the address. */
export function linkWith(namespace: NamespaceTopology, address: string): InterfaceTopology | null {
  return (
    namespace.interfaces.find((link) => link.addresses.some((own) => addressOf(own) === address)) ?? null
  );
}

/** Whether the namespace itself takes packets to the address. */
export function isLocal(namespace: NamespaceTopology, address: string): boolean {
  return isLoopback(address) || linkWith(namespace, address) !== null;
}

export function pathInterface({ place, link }: PlacedInterface): PathInterface {
  return {
    node: place.node,
    netns: place.namespace.inode,
    pod: place.namespace.pod,
    interface: link.name,
    ifindex: link.ifindex,
    role: link.role,
    attached: link.attached,
  };
}

/** The interface towards other nodes. */
export function uplinkOf({ namespace }: Place): InterfaceTopology | null {
  return (
    namespace.interfaces.find(({ role, addresses }) => role === 'uplink' && addresses.length > 0) ?? null
  );
}

/** A namespace in words. */
export function whose({ node, namespace, kind }: Place): string {
  if (namespace.pod !== null) return `pod ${namespace.pod.namespace}/${namespace.pod.name}`;
  return kind === 'node' ? `node ${node}` : `namespace ${namespace.inode} on ${node}`;
}
