/** No bridge: a route to each pod's veth, as Calico does it. */
import { configureCni, masqueradeOutgoing, routeThroughNodes } from './cni.ts';
import { forEachNode } from './shape.ts';
import type { BuildPodNetwork } from './shape.ts';

export const buildPtp: BuildPodNetwork = (cluster, nodes) =>
  forEachNode(nodes, async (node, peers) => {
    await masqueradeOutgoing(cluster, node);
    await routeThroughNodes(cluster, node, peers);
    await configureCni(cluster, node, { type: 'ptp', mtu: 1500 });
  });
