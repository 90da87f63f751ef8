import type { PlacedInterface, Wirings } from '../path/wirings.ts';
import type { PodReference } from '../topology.ts';

/** The pod whose wire this is, at either end; null where it is nobody's or its pod is not known. */
export function ownerOf(at: PlacedInterface, wirings: Wirings): PodReference | null {
  const { place, link } = at;
  return place.namespace.pod ?? link.pod ?? wirings.peer(at)?.place.namespace.pod ?? null;
}

/** Whether the interface is an end of the wire of one pod, so that all that passes is that pod's. */
export function isPodWire({ place, link }: PlacedInterface): boolean {
  return link.role === 'pod-veth' || place.kind !== 'node';
}
