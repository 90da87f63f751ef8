import type { InterfacePicture, LinkedInterface, PortLine } from '../interfaceMessages.ts';
import type { PlacedInterface } from '../path/wirings.ts';
import { Wirings } from '../path/wirings.ts';
import type { InterfaceStatistics, InterfaceTopology, Topology } from '../topology.ts';
import { interfaceView, placedInterface } from './interfaceView.ts';
import { ownerOf } from './owner.ts';
import type { InterfaceReference } from './trafficLine.ts';

/** All that is known of an interface of a node; null where there is no such interface. */
export function interfacePicture(
  topology: Topology,
  { netns, ifindex }: Pick<InterfaceReference, 'netns' | 'ifindex'>,
  rates: InterfaceStatistics | null,
): InterfacePicture | null {
  const wirings = new Wirings([topology]);
  const at = placedInterface(wirings, netns, ifindex);
  const view = interfaceView(topology, netns, ifindex);
  if (at === null || view === null) return null;
  const { link } = at;
  const { namespace } = at.place;
  const master = namespace.interfaces.find((candidate) => candidate.ifindex === link.master);
  const ports = portsOf(at, wirings);
  return {
    ...{ node: topology.node, netns, link, rates, view, ports },
    inside: namespace.pod,
    owner: ownerOf(at, wirings),
    master: master === undefined ? null : referenceTo(netns, master),
    peer: peerOf(at, wirings),
    forwarding: ports.length > 0 ? [] : namespace.fdb.filter((entry) => entry.ifindex === ifindex),
    routes: namespace.routes.filter((route) => route.ifindex === ifindex),
    neighbours: namespace.neighbours.filter((neighbour) => neighbour.ifindex === ifindex),
  };
}

/** Its addresses with length; of the node's end of a pod's wire, which mostly has none, those of the pod's end. */
export function addressesOf(topology: Topology, netns: number, ifindex: number): readonly string[] {
  const wirings = new Wirings([topology]);
  const at = placedInterface(wirings, netns, ifindex);
  if (at === null) return [];
  const ends = [at.link, wirings.peer(at)?.link];
  const global = ends.map((end) => (end?.addresses ?? []).filter((address) => !address.startsWith('fe80:')));
  return global.find((addresses) => addresses.length > 0) ?? at.link.addresses;
}

function portsOf({ place, link }: PlacedInterface, wirings: Wirings): PortLine[] {
  const { interfaces, fdb, inode } = place.namespace;
  return interfaces
    .filter(({ master }) => master === link.ifindex)
    .map((port) => ({
      port: referenceTo(inode, port),
      pod: ownerOf({ place, link: port }, wirings),
      state: port.state,
      forwarding: fdb.filter(({ ifindex }) => ifindex === port.ifindex),
    }));
}

function peerOf(at: PlacedInterface, wirings: Wirings): LinkedInterface | null {
  const peer = wirings.peer(at);
  if (peer === null) return null;
  const { inode, pod } = peer.place.namespace;
  return { ...referenceTo(inode, peer.link), pod };
}

function referenceTo(netns: number, { ifindex, name }: InterfaceTopology): InterfaceReference {
  return { netns, ifindex, name };
}
