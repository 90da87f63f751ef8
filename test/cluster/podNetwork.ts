/** Waits for the nodes' shares of the pod network and builds it in the cluster's shape. */
import { addressOf, NODES } from './cluster.ts';
import type { Cluster, NodeName, Shape } from './cluster.ts';
import { routeToPods } from './fabric.ts';
import { tryKubectl } from './kubectl.ts';
import { poll } from './poll.ts';
import { buildCilium } from './shapes/cilium.ts';
import { buildFlannel } from './shapes/flannel.ts';
import { buildHostgw } from './shapes/hostgw.ts';
import { buildPtp } from './shapes/ptp.ts';
import type { BuildPodNetwork, NetworkedNode } from './shapes/shape.ts';
import { buildVxlan } from './shapes/vxlan.ts';

const BUILD: Readonly<Record<Shape, BuildPodNetwork>> = {
  hostgw: buildHostgw,
  vxlan: buildVxlan,
  ptp: buildPtp,
  flannel: buildFlannel,
  cilium: buildCilium,
};

export async function buildPodNetwork(cluster: Cluster): Promise<void> {
  const nodes = await Promise.all(NODES.map((node) => networkedNode(cluster, node)));
  await BUILD[cluster.shape](cluster, nodes);
  for (const node of nodes) await routeToPods(cluster, node.podSubnet, node.address);
}

/** Waits until the node has registered and controller-manager has given it a subnet. */
async function networkedNode(cluster: Cluster, name: NodeName): Promise<NetworkedNode> {
  const ask = ['get', 'node', name, '-o', 'jsonpath={.spec.podCIDR}'];
  const subnet = async () => {
    const answer = await tryKubectl(cluster, ask);
    return answer === '' ? undefined : answer;
  };
  const podSubnet = await poll(`${name} to register and get its pod subnet`, subnet, {
    timeout: 60_000,
    interval: 200,
  });
  return { name, address: addressOf(cluster, name), podSubnet };
}
