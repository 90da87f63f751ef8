/** What several shapes share: the CNI configuration file, masquerading, plain routes. */
import { POD_NETWORK } from '../cluster.ts';
import type { Cluster } from '../cluster.ts';
import { inNode } from '../inNode.ts';
import type { NetworkedNode } from './shape.ts';

const FILE = '/etc/cni/net.d/10-pod-network.conflist';

/** ipMasq stays off in every plugin: it would hide pod addresses between nodes. See {@link masqueradeOutgoing}. */
export async function configureCni(
  cluster: Cluster,
  node: NetworkedNode,
  plugin: Readonly<Record<string, unknown>>,
): Promise<void> {
  const ranges = [[{ subnet: node.podSubnet }]];
  const ipam = { type: 'host-local', ranges, routes: [{ dst: '0.0.0.0/0' }] };
  await writeCniFile(cluster, node, {
    cniVersion: '0.4.0',
    name: 'pod-network',
    plugins: [{ ipMasq: false, ipam, ...plugin }, PORTMAP],
  });
}

/** The plugin behind hostPort. */
export const PORTMAP = { type: 'portmap', capabilities: { portMappings: true } };

export async function writeCniFile(
  cluster: Cluster,
  node: NetworkedNode,
  configuration: object,
): Promise<void> {
  // Renamed into place: containerd must not read half a file.
  await inNode(cluster, node.name, ['sh', '-c', `cat >${FILE}.new && mv ${FILE}.new ${FILE}`], {
    input: JSON.stringify(configuration),
  });
}

export const bridgePlugin = (mtu: number) => ({
  type: 'bridge',
  bridge: 'cni0',
  isGateway: true,
  hairpinMode: true,
  mtu,
});

/** Only what leaves the pod network takes the node's address. */
export async function masqueradeOutgoing(cluster: Cluster, node: NetworkedNode): Promise<void> {
  const match = ['-s', POD_NETWORK, '!', '-d', POD_NETWORK, '-m', 'comment', '--comment', 'pod-network'];
  await inNode(cluster, node.name, [
    'iptables',
    '-w',
    '-t',
    'nat',
    '-A',
    'POSTROUTING',
    ...match,
    '-j',
    'MASQUERADE',
  ]);
}

/** Routes to the other nodes' pods through those nodes' own addresses, unencapsulated. */
export async function routeThroughNodes(
  cluster: Cluster,
  node: NetworkedNode,
  peers: readonly NetworkedNode[],
): Promise<void> {
  for (const peer of peers) {
    await inNode(cluster, node.name, [
      'ip',
      'route',
      'replace',
      peer.podSubnet,
      'via',
      peer.address,
      'dev',
      'eth0',
    ]);
  }
}
