/**
 * Real Cilium, its tunnels between the nodes: what pods ask of a Service is translated by its programs and not by
 * netfilter; what nodes and outside ask, by kube-proxy. Without kube-proxy Cilium does that, too, and what processes and
 * pods ask it then translates as they connect (socket load balancing), before there is a packet.
 */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { buildCiliumBinaries } from '../binaries/ciliumBinaries.ts';
import { controlPlaneCgroup, fabricNamespace, kubeconfigOf, nodeFolder } from '../cluster.ts';
import { createCgroup, cgroupHierarchies } from '../cgroups.ts';
import { startDaemon } from '../daemon.ts';
import { inNode } from '../inNode.ts';
import { tryKubectl } from '../kubectl.ts';
import { poll } from '../poll.ts';
import { forEachNode } from './shape.ts';
import type { BuildPodNetwork } from './shape.ts';

/** The operator makes its kinds of objects first. */
const KINDS = 8;

export const buildCilium: BuildPodNetwork = async (cluster, nodes) => {
  const { agent, operator, plugin, programs } = await buildCiliumBinaries();
  const kubeconfig = `--k8s-kubeconfig-path=${kubeconfigOf(cluster, 'admin')}`;
  const common = [kubeconfig, '--cluster-name=default', '--identity-allocation-mode=crd'];
  const serve = ['--enable-k8s', '--operator-api-serve-addr=127.0.0.1:9234'];
  startDaemon(['ip', 'netns', 'exec', fabricNamespace(cluster.id), operator, ...common, ...serve], {
    cgroups: createCgroup(controlPlaneCgroup(cluster.id)),
    cwd: cluster.folder,
    log: join(cluster.folder, 'log/cilium-operator.log'),
  });
  const kinds = async () =>
    ((await tryKubectl(cluster, ['get', 'crd', '-o', 'name'])) ?? '').split('\n').length;
  await poll('the kinds of Cilium', async () => (await kinds()) > KINDS, { timeout: 60_000 });
  const { legacy } = cgroupHierarchies();
  const cgroups = `/sys/fs/cgroup${legacy.length > 0 ? '/unified' : ''}`;
  await forEachNode(nodes, async (node) => {
    const folder = nodeFolder(cluster, node.name);
    cpSync(plugin, join(folder, 'opt/cni/bin/cilium-cni'));
    cpSync(programs, join(folder, 'var/lib/cilium/bpf'), { recursive: true });
    const options = [
      ...common,
      '--ipam=kubernetes',
      '--routing-mode=tunnel',
      '--tunnel-protocol=vxlan',
      '--enable-ipv6=false',
      `--kube-proxy-replacement=${cluster.proxyMode === 'none'}`,
      `--cgroup-root=${cgroups}`,
      '--enable-l7-proxy=false',
      '--enable-health-checking=false',
      '--enable-endpoint-health-checking=false',
      '--k8s-namespace=kube-system',
      '--write-cni-conf-when-ready=/etc/cni/net.d/05-cilium.conflist',
      '--cni-exclusive=true',
      '--devices=eth0',
    ];
    const log = join(folder, 'log/cilium.log');
    const script = `K8S_NODE_NAME=${node.name} setsid ${[agent, ...options].join(' ')} </dev/null >${log} 2>&1 &`;
    await inNode(cluster, node.name, ['sh', '-c', script]);
  });
};
