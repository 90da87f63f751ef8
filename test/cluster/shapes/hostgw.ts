/** A bridge a node, and a route to each other node's pods: kindnet's and flannel host-gw's network. */
import { bridgePlugin, configureCni, masqueradeOutgoing, routeThroughNodes } from './cni.ts';
import { forEachNode } from './shape.ts';
import type { BuildPodNetwork } from './shape.ts';

export const buildHostgw: BuildPodNetwork = (cluster, nodes) =>
  forEachNode(nodes, async (node, peers) => {
    await masqueradeOutgoing(cluster, node);
    await routeThroughNodes(cluster, node, peers);
    await configureCni(cluster, node, bridgePlugin(1500));
  });
