import type { Place, PlacedInterface, Wirings } from './wirings.ts';
import { linkWith, uplinkOf } from './wirings.ts';

/** The interface of another node that takes what is sent to an address, or what is routed towards the destination. */
export function arrivalOf(
  wirings: Wirings,
  destination: string,
  nextHop: string,
  sender: string,
): PlacedInterface | null {
  const direct = wirings.nodeWith(nextHop) ?? wirings.nodeWith(destination);
  const owner = direct ?? wirings.namespaceWith(destination);
  const place = owner === null ? null : wirings.node(owner.node);
  if (place === null || place.node === sender) return null;
  const link = linkWith(place.namespace, nextHop) ?? uplinkOf(place);
  return link === null ? null : { place, link };
}

/** The node's end of the veth of the pod that the packet goes to, where that is on the node. */
export function hostSideOf(wirings: Wirings, destination: string, place: Place): PlacedInterface | null {
  const owner = wirings.namespaceWith(destination);
  if (owner?.kind !== 'pod' || owner.node !== place.node) return null;
  const inside = linkWith(owner.namespace, destination);
  return inside === null ? null : wirings.hostSide({ place: owner, link: inside });
}
