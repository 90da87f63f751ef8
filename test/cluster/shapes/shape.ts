import type { Cluster, NodeName } from '../cluster.ts';

/** A node as the pod network sees it. */
export interface NetworkedNode {
  readonly name: NodeName;
  readonly address: string;
  /** The node's share of the pod network, as Kubernetes handed it out. Which node gets which varies. */
  readonly podSubnet: string;
}

/** Builds the pod network on the nodes: devices, routes and each node's CNI configuration, last. */
export type BuildPodNetwork = (cluster: Cluster, nodes: readonly NetworkedNode[]) => Promise<void>;

/** The first address of a subnet, which stands for the node itself. */
export const baseAddress = (subnet: string) => subnet.split('/')[0] ?? '';

/** Runs work for each node with its peers, all nodes at once. */
export async function forEachNode(
  nodes: readonly NetworkedNode[],
  work: (node: NetworkedNode, peers: readonly NetworkedNode[]) => Promise<void>,
): Promise<void> {
  await Promise.all(
    nodes.map((node) =>
      work(
        node,
        nodes.filter((other) => other !== node),
      ),
    ),
  );
}
