/** The real flanneld on each node, with its vxlan backend: the devices, routes and chains are those that it makes. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { buildFlannelBinaries } from '../binaries/flannelBinaries.ts';
import { kubeconfigOf, nodeFolder, POD_NETWORK } from '../cluster.ts';
import type { Cluster } from '../cluster.ts';
import { inNode } from '../inNode.ts';
import { poll } from '../poll.ts';
import { PORTMAP, writeCniFile } from './cni.ts';
import { forEachNode } from './shape.ts';
import type { BuildPodNetwork, NetworkedNode } from './shape.ts';

/** Written by flanneld once it has the node's subnet; its CNI plugin reads it. */
const SUBNET_FILE = '/run/flannel/subnet.env';

export const buildFlannel: BuildPodNetwork = async (cluster, nodes) => {
  const { daemon, plugin } = await buildFlannelBinaries();
  await forEachNode(nodes, async (node) => {
    const folder = nodeFolder(cluster, node.name);
    cpSync(plugin, join(folder, 'opt/cni/bin/flannel'));
    await startDaemon(cluster, node, daemon);
    const hasSubnet = async () =>
      (await inNode(cluster, node.name, ['sh', '-c', `ls ${SUBNET_FILE} 2>/dev/null || true`])) !== '';
    await poll(`flanneld of ${node.name} to write ${SUBNET_FILE}`, hasSubnet, { timeout: 30_000 });
    const delegate = { hairpinMode: true, isDefaultGateway: true };
    await writeCniFile(cluster, node, {
      cniVersion: '0.3.1',
      name: 'cbr0',
      plugins: [{ type: 'flannel', delegate }, PORTMAP],
    });
  });
};

async function startDaemon(cluster: Cluster, node: NetworkedNode, daemon: string): Promise<void> {
  const log = join(nodeFolder(cluster, node.name), 'log/flanneld.log');
  const options = [
    '--kube-subnet-mgr',
    `--kubeconfig-file=${kubeconfigOf(cluster, 'admin')}`,
    '--iface=eth0',
    '--ip-masq',
  ];
  const script = `mkdir -p /etc/kube-flannel
    cat >/etc/kube-flannel/net-conf.json
    NODE_NAME=${node.name} setsid ${[daemon, ...options].join(' ')} </dev/null >${log} 2>&1 &`;
  await inNode(cluster, node.name, ['sh', '-c', script], {
    input: JSON.stringify({ Network: POD_NETWORK, Backend: { Type: 'vxlan' } }),
  });
}
