import { CILIUM_INTERFACE } from '../nodeShape.ts';
import type { InterfaceTopology } from '../topology.ts';
import type { PathQuestion } from './flowPath.ts';
import { routeTo } from './routing.ts';
import type { Translated } from './translation.ts';
import type { Place, PlacedInterface } from './wirings.ts';
import { linkWith } from './wirings.ts';

/** The other end of `cilium_host`: what comes for the node itself is sent into it. */
const CILIUM_PEER = 'cilium_net';
const CILIUM_TUNNELS = new Set(['cilium_vxlan', 'cilium_geneve']);

/** Whether Cilium's programs forward what comes to the node's interfaces. */
export function hasCilium({ kind, namespace }: Place): boolean {
  return kind === 'node' && namespace.interfaces.some(({ name }) => name === CILIUM_INTERFACE);
}

/** Whether a packet that comes in here meets a program of Cilium before the node's routes. */
export function meetsCilium({ place, link }: PlacedInterface): boolean {
  const isTaken = link.role === 'pod-veth' || link.role === 'uplink' || CILIUM_TUNNELS.has(link.name);
  return hasCilium(place) && isTaken;
}

/** Whether packets go into `cilium_host`, whose program forwards them as those of pods' veths do. */
export function isCiliumHost({ place, link }: PlacedInterface): boolean {
  return place.kind === 'node' && link.name === CILIUM_INTERFACE;
}

/** Whether the address is of the pods' network: the node's routes lead all of it into `cilium_host`. */
export function isOfPods({ namespace }: Place, address: string): boolean {
  const isOwn = linkWith(namespace, address) !== null;
  return !isOwn && routeTo(namespace, address)?.link.name === CILIUM_INTERFACE;
}

export function ciliumTunnel({ namespace }: Place): InterfaceTopology | null {
  return namespace.interfaces.find(({ name }) => CILIUM_TUNNELS.has(name)) ?? null;
}

export function ciliumPeer({ namespace }: Place): InterfaceTopology | null {
  return namespace.interfaces.find(({ name }) => name === CILIUM_PEER) ?? null;
}

/**
 * Whether it is Cilium that translates the destination, where it is. An end of which nothing is known has no evidence for
 * that either: what pods ask of a Service Cilium always translates itself.
 */
export function isByCilium({ client, server, nat }: PathQuestion): boolean {
  const translators = nat.filter(({ kind }) => kind === 'dnat').flatMap(({ by }) => by ?? []);
  if (translators.length > 0) return translators.includes('cilium');
  return server.evidence.includes('cilium') || (server.evidence.includes('none') && client.kind === 'pod');
}

/**
 * What packets look like on their way: where a socket was connected elsewhere than it asked, none has the address that was
 * asked.
 */
export function onTheWire(flow: PathQuestion, tuples: Translated): Translated {
  const { asked, translations } = tuples;
  const hasDnat = translations.some(({ kind }) => kind === 'dnat');
  const isSeen = flow.sightings.some(
    ({ tuple }) => tuple.destination === asked.destination || tuple.source === asked.destination,
  );
  if (!hasDnat || isSeen || flow.sightings.length === 0 || !isByCilium(flow)) return tuples;
  return {
    ...tuples,
    asked: tuples.chosen,
    translations: translations.filter(({ kind }) => kind !== 'dnat'),
  };
}
