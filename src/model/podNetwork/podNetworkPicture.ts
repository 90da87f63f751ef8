import type { PodNetworkPicture } from '../podNetworkMessages.ts';
import type { Topology } from '../topology.ts';
import { networkDrawing } from './networkDrawing.ts';
import { podNetwork } from './podNetwork.ts';
import { podNetworkText } from './podNetworkText.ts';

/** All that the page shows of a pod's network; null where the wiring has no such pod. */
export function podNetworkPicture(topology: Topology, uid: string): PodNetworkPicture | null {
  const network = podNetwork(topology, uid);
  const drawing = networkDrawing(topology, uid);
  if (network === null || drawing === null) return null;
  return { network, drawing, text: podNetworkText(network) };
}
