/** Brings the cluster up. */
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildBinaries } from './binaries.ts';
import { delegateControllers, isPopulated } from './cgroups.ts';
import {
  addressOf,
  clusterFolder,
  clusterId,
  clusterName,
  controlPlaneCgroup,
  DNS_ADDRESS,
  NODES,
  nodeFolder,
  readCluster,
  writeCluster,
} from './cluster.ts';
import type { Cluster, ProxyMode, Shape } from './cluster.ts';
import { startControlPlane, waitForApiServer } from './controlPlane.ts';
import { createCredentials } from './credentials.ts';
import { createFabric, freeOctet } from './fabric.ts';
import { buildImages } from './images/build.ts';
import { COREDNS_IMAGE } from './images/names.ts';
import { applyManifest, kubectl } from './kubectl.ts';
import { startNode } from './node/start.ts';
import { buildPodNetwork } from './podNetwork.ts';
import { poll } from './poll.ts';
import { requireMachine } from './requirements.ts';
import { stopCluster } from './stop.ts';

export interface StartOptions {
  readonly name?: string;
  readonly shape?: Shape;
  readonly proxyMode?: ProxyMode;
  /** Called when a step is through. */
  readonly progress?: (step: string) => void;
}

/**
 * Brings a cluster up and waits until both nodes, DNS and all images are ready.
 * One that is up in the wanted shape is taken as it is; what a killed one left behind is cleared first.
 * @throws Error when one of this name runs in another shape, or when it does not come up: what had started is ended again
 */
export async function startCluster(options: StartOptions = {}): Promise<Cluster> {
  const {
    name = clusterName(),
    shape = 'hostgw',
    proxyMode = 'iptables',
    progress = () => undefined,
  } = options;
  const id = clusterId(name);
  const record = readCluster(name);
  if (record?.phase === 'up' && isPopulated(controlPlaneCgroup(id))) {
    const running = record.cluster;
    if (running.shape === shape && running.proxyMode === proxyMode) return running;
    throw new Error(
      `cluster "${name}" is up as ${running.shape} with ${running.proxyMode}; ` +
        'take it down first (npm run cluster:down), or start another beside it with VETHSCOPE_CLUSTER=<name>',
    );
  }
  if (proxyMode === 'none' && shape !== 'cilium') {
    throw new Error(`${shape} needs kube-proxy: only cilium does without`);
  }
  requireMachine();
  const binaries = await buildBinaries();
  const images = await buildImages(binaries);
  progress('binaries and images');
  await stopCluster({ name });
  const folder = clusterFolder(id);
  const cluster: Cluster = { name, id, folder, shape, proxyMode, octet: await freeOctet() };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeCluster(cluster, 'starting');
  try {
    writeFileSync(join(folder, 'controllers'), delegateControllers().join('\n'));
    await Promise.all([createFabric(cluster), createCredentials(cluster)]);
    progress('network and keys');
    startControlPlane(cluster, binaries.kubernetes, outsideFolder(cluster));
    const { kubernetes, ownRoot, pause: reaper } = binaries;
    const parts = { kubernetes, ownRoot, reaper, images };
    await Promise.all(NODES.map((node) => startNode(cluster, node, parts)));
    await waitForApiServer(cluster);
    await applyManifest(cluster, manifest('access'));
    writeFileSync(join(folder, 'api-server-ready'), '');
    progress('API server');
    await buildPodNetwork(cluster);
    await kubectl(
      cluster,
      ['wait', '--for=condition=Ready', ...NODES.map((node) => `node/${node}`), '--timeout=60s'],
      {
        timeout: 65_000,
      },
    );
    progress(`nodes, ${shape} with ${proxyMode}`);
    await startDns(cluster);
    progress('DNS');
    for (const node of NODES) await waitForImages(cluster, node);
    progress('images on the nodes');
    writeCluster(cluster, 'up');
    return cluster;
  } catch (error) {
    const logs = join(folder, 'log');
    await stopCluster({ name, keepFolder: true });
    throw new Error(
      `the cluster did not come up; logs are in ${logs} and ${folder}/node-*/log\n${lastLines(folder)}`,
      {
        cause: error,
      },
    );
  }
}

const manifest = (name: string) =>
  readFileSync(join(import.meta.dirname, 'manifests', `${name}.yaml`), 'utf8');

async function startDns(cluster: Cluster): Promise<void> {
  const values = { OUTSIDE_ADDRESS: addressOf(cluster, 'outside'), COREDNS_IMAGE, DNS_ADDRESS };
  await applyManifest(cluster, manifest('coredns'), values);
  const rollout = ['-n', 'kube-system', 'rollout', 'status', 'deploy/coredns', '--timeout=60s'];
  await kubectl(cluster, rollout, { timeout: 65_000 });
}

async function waitForImages(cluster: Cluster, node: (typeof NODES)[number]): Promise<void> {
  const marker = join(nodeFolder(cluster, node), 'images-imported');
  await poll(`the images on ${node}`, () => existsSync(marker), { timeout: 60_000, interval: 50 });
}

/** What the web server of the outside host serves. */
function outsideFolder(cluster: Cluster): string {
  const folder = join(cluster.folder, 'outside');
  mkdirSync(folder);
  writeFileSync(join(folder, 'index.html'), 'outside\n');
  return folder;
}

/** The end of each log, for the message of a start that failed. */
function lastLines(folder: string): string {
  return globSync(['log/*.log', 'node-*/log/*.log'], { cwd: folder })
    .map(
      (file) =>
        `--- ${file}\n${readFileSync(join(folder, file), 'utf8').trim().split('\n').slice(-3).join('\n')}`,
    )
    .join('\n');
}
