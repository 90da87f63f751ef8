/** What agents told of node-a of a real cluster with the example shop, one recording a shape of the pod network. */
import type { PodReference, Topology } from '../topology.ts';
import cilium from './wiring-cilium.json' with { type: 'json' };
import flannel from './wiring-flannel.json' with { type: 'json' };
import hostgw from './wiring-hostgw.json' with { type: 'json' };
import ptp from './wiring-ptp.json' with { type: 'json' };
import vxlan from './wiring-vxlan.json' with { type: 'json' };

const WIRINGS = { hostgw, vxlan, flannel, ptp, cilium };
export type RecordedShape = keyof typeof WIRINGS;
export const RECORDED_SHAPES = Object.keys(WIRINGS) as RecordedShape[];

/** JSON knows no unions of words: the types are the agent's. */
export function recordedWiring(shape: RecordedShape): Topology {
  return WIRINGS[shape] as unknown as Topology;
}

/** A pod of the shop, or its pod of the node's network. */
export function recordedPod(shape: RecordedShape, name: 'client' | 'node-exporter'): PodReference {
  const { namespaces, hostPods = [] } = recordedWiring(shape);
  const found = [...namespaces.flatMap(({ pod }) => pod ?? []), ...hostPods].find((pod) => pod.name === name);
  if (found === undefined) throw new Error(`the recording of ${shape} has no pod ${name}`);
  return found;
}
