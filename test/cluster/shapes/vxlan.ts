/**
 * A bridge a node, and a tunnel between the nodes with the devices that flannel makes: learning off, a static
 * forwarding entry, a permanent neighbour and an onlink route for each peer.
 */
import type { Cluster } from '../cluster.ts';
import { inNode } from '../inNode.ts';
import { bridgePlugin, configureCni, masqueradeOutgoing } from './cni.ts';
import { baseAddress, forEachNode } from './shape.ts';
import type { BuildPodNetwork, NetworkedNode } from './shape.ts';

const DEVICE = 'vxlan.1';
const UDP_PORT = '8472';
/** 50 bytes less than the fabric's: outer Ethernet, IPv4, UDP and VXLAN headers. */
const MTU = 1450;

export const buildVxlan: BuildPodNetwork = async (cluster, nodes) => {
  const macs = new Map<NetworkedNode, string>();
  await forEachNode(nodes, async (node) => {
    await masqueradeOutgoing(cluster, node);
    macs.set(node, await addTunnel(cluster, node));
  });
  await forEachNode(nodes, async (node, peers) => {
    for (const peer of peers) await reach(cluster, node, peer, macs.get(peer) ?? '');
    await configureCni(cluster, node, bridgePlugin(MTU));
  });
};

/** @returns the tunnel device's MAC */
async function addTunnel(cluster: Cluster, node: NetworkedNode): Promise<string> {
  const tunnel = ['id', '1', 'dev', 'eth0', 'local', node.address, 'dstport', UDP_PORT, 'nolearning'];
  await inNode(cluster, node.name, ['ip', 'link', 'add', DEVICE, 'type', 'vxlan', ...tunnel]);
  await inNode(cluster, node.name, ['ip', 'addr', 'add', `${baseAddress(node.podSubnet)}/32`, 'dev', DEVICE]);
  await inNode(cluster, node.name, ['ip', 'link', 'set', DEVICE, 'mtu', `${MTU}`, 'up']);
  return (await inNode(cluster, node.name, ['cat', `/sys/class/net/${DEVICE}/address`])).trim();
}

async function reach(cluster: Cluster, node: NetworkedNode, peer: NetworkedNode, mac: string): Promise<void> {
  const gateway = baseAddress(peer.podSubnet);
  const commands = [
    ['bridge', 'fdb', 'append', mac, 'dev', DEVICE, 'dst', peer.address],
    ['ip', 'neigh', 'replace', gateway, 'lladdr', mac, 'dev', DEVICE, 'nud', 'permanent'],
    ['ip', 'route', 'replace', peer.podSubnet, 'via', gateway, 'dev', DEVICE, 'onlink'],
  ];
  for (const command of commands) await inNode(cluster, node.name, command);
}
