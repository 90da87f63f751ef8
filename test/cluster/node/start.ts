/** Starts a node: a process tree in namespaces and control groups of its own, whose first process runs init.sh. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupHierarchies, createCgroup } from '../cgroups.ts';
import { addressOf, nodeCgroup, nodeFolder, nodeNamespace } from '../cluster.ts';
import type { Cluster, NodeName } from '../cluster.ts';
import { startDaemon } from '../daemon.ts';
import { poll } from '../poll.ts';
import {
  CONTAINERD_CONFIGURATION,
  kubeletArguments,
  kubeletConfiguration,
  kubeProxyConfiguration,
} from './configuration.ts';

export interface NodeParts {
  /** The binary that is all of Kubernetes' components. */
  readonly kubernetes: string;
  /** Makes the node's root directory the root of its mount namespace. */
  readonly ownRoot: string;
  /** The statically linked process that reaps orphans. */
  readonly reaper: string;
  /** Image archives; the first ones are there before kubelet starts. */
  readonly images: readonly string[];
}

/** Debian's containernetworking-plugins, and those of them that the shapes use. */
const CNI_FOLDER = '/usr/lib/cni';
const CNI_PLUGINS = ['bridge', 'host-local', 'loopback', 'portmap', 'ptp'];

export async function startNode(cluster: Cluster, node: NodeName, parts: NodeParts): Promise<void> {
  const folder = nodeFolder(cluster, node);
  const folders = [
    'root',
    'log',
    'etc.work',
    'opt/cni/bin',
    'var/lib',
    'var/log',
    'var/tmp',
    'var/cache',
    'var/spool',
  ];
  for (const name of folders) mkdirSync(join(folder, name), { recursive: true });
  for (const plugin of CNI_PLUGINS) {
    symlinkSync(join(CNI_FOLDER, plugin), join(folder, 'opt/cni/bin', plugin));
  }
  writeFileSync(join(folder, 'containerd.toml'), CONTAINERD_CONFIGURATION);
  writeFileSync(join(folder, 'kubelet.yaml'), kubeletConfiguration(cluster));
  writeFileSync(join(folder, 'kube-proxy.yaml'), kubeProxyConfiguration(cluster, node));

  const namespaces = [
    '--mount',
    '--pid',
    '--uts',
    '--ipc',
    '--cgroup',
    '--fork',
    '--mount-proc',
    '--kill-child',
  ];
  const init = join(import.meta.dirname, 'init.sh');
  const unshare = startDaemon(
    [
      'nsenter',
      `--net=/run/netns/${nodeNamespace(cluster.id, node)}`,
      'unshare',
      ...namespaces,
      ...[parts.ownRoot, join(folder, 'root'), 'bash', init, ...kubeletArguments(cluster, node)],
    ],
    {
      cgroups: createCgroup(nodeCgroup(cluster.id, node)),
      log: join(folder, 'log/init.log'),
      env: {
        NODE: node,
        NODE_FOLDER: folder,
        NODE_ADDRESS: addressOf(cluster, node),
        NAMESERVER: addressOf(cluster, 'fabric'),
        CLUSTER_FOLDER: cluster.folder,
        KUBERNETES: parts.kubernetes,
        REAPER: parts.reaper,
        IMAGES: parts.images.join('\n'),
        PROXY_MODE: cluster.proxyMode,
      },
    },
  );
  const pid = await poll(`the first process of ${node}`, () => firstProcess(unshare), {
    timeout: 10_000,
    interval: 20,
  });
  writeFileSync(join(folder, 'init.pid'), pid);
  leaveRootOfNode(cluster, node, unshare);
}

/** unshare's child. Before unshare has started its process is a shell, whose children are others. */
function firstProcess(unshare: number): string | undefined {
  const read = (file: string) => readFileSync(`/proc/${unshare}/${file}`, 'utf8').trim();
  if (read('comm') !== 'unshare') return undefined;
  const [child] = read(`task/${unshare}/children`).split(' ');
  return child === '' ? undefined : child;
}

/**
 * Under cgroup v2 alone a group with processes of its own cannot hand controllers to its children, so init.sh moves the
 * node's processes to a child group. unshare lies outside the node's process namespace: it is moved from here.
 */
function leaveRootOfNode(cluster: Cluster, node: NodeName, unshare: number): void {
  const { unified, legacy } = cgroupHierarchies();
  if (legacy.length > 0) return;
  const child = join(unified, nodeCgroup(cluster.id, node), 'init');
  mkdirSync(child, { recursive: true });
  writeFileSync(join(child, 'cgroup.procs'), `${unshare}`);
}

/** The process id of a node's first process, as this machine sees it. */
export function initProcess(cluster: Pick<Cluster, 'folder'>, node: NodeName): number {
  return Number(readFileSync(join(nodeFolder(cluster, node), 'init.pid'), 'utf8'));
}
