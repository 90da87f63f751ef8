/**
 * What the cluster is: its names, addresses and places. Everything on the machine that belongs to one cluster carries
 * the cluster's id, so that several (of this clone or another) live side by side and each is taken down by its id.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const SHAPES = ['hostgw', 'vxlan', 'ptp', 'flannel', 'cilium'] as const;
/** How pods of different nodes reach each other. */
export type Shape = (typeof SHAPES)[number];

export const PROXY_MODES = ['iptables', 'nftables', 'none'] as const;
/** kube-proxy's mode; `none`: there is no kube-proxy, and Cilium, the only shape that can, does its work. */
export type ProxyMode = (typeof PROXY_MODES)[number];

export const NODES = ['node-a', 'node-b'] as const;
export type NodeName = (typeof NODES)[number];

export const POD_NETWORK = '10.244.0.0/16';
export const SERVICE_NETWORK = '10.96.0.0/16';
export const DNS_ADDRESS = '10.96.0.10';

const root = resolve(import.meta.dirname, '../..');

export interface Cluster {
  /** Chosen by VETHSCOPE_CLUSTER; tells the clusters of one clone apart. */
  readonly name: string;
  /** Eight hexadecimal digits, of the clone's path and the name. */
  readonly id: string;
  /** Keys, kubeconfigs, logs, etcd's data and the nodes' file systems. */
  readonly folder: string;
  readonly shape: Shape;
  readonly proxyMode: ProxyMode;
  /** The machines' network is 172.30.<octet>.0/24. */
  readonly octet: number;
}

/** The cluster's name as the environment gives it. */
export function clusterName(): string {
  return process.env.VETHSCOPE_CLUSTER ?? 'default';
}

export function clusterId(name: string): string {
  return createHash('sha256').update(`${root}\0${name}`).digest('hex').slice(0, 8);
}

/** Not under /run, /var, /etc, /opt or /sys: a node sees its own ones of those. */
export function clusterFolder(id: string): string {
  return `/tmp/vethscope-cluster-${id}`;
}

const recordFile = (folder: string) => join(folder, 'cluster.json');

/** `starting` until `up` is through; then the cluster may be used. */
export type Phase = 'starting' | 'up';
interface ClusterRecord {
  readonly phase: Phase;
  readonly cluster: Cluster;
}

export function writeCluster(cluster: Cluster, phase: Phase): void {
  const record: ClusterRecord = { phase, cluster };
  writeFileSync(recordFile(cluster.folder), `${JSON.stringify(record, undefined, 2)}\n`);
}

export function readCluster(name = clusterName()): ClusterRecord | undefined {
  const file = recordFile(clusterFolder(clusterId(name)));
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ClusterRecord) : undefined;
}

/**
 * The running cluster.
 * @throws Error when none of this name is up
 */
export function openCluster(name = clusterName()): Cluster {
  const record = readCluster(name);
  if (record?.phase !== 'up') {
    throw new Error(`cluster "${name}" is not up; start it with: npm run cluster:up`);
  }
  return record.cluster;
}

export const fabricNamespace = (id: string) => `vs-${id}-fabric`;
export const outsideNamespace = (id: string) => `vs-${id}-outside`;
export const nodeNamespace = (id: string, node: NodeName) => `vs-${id}-${node}`;
export const allNamespaces = (id: string) => [
  fabricNamespace(id),
  outsideNamespace(id),
  ...NODES.map((node) => nodeNamespace(id, node)),
];

/** The one interface in the machine's own namespace: its leg in the fabric. 15 characters are the limit. */
export const machineLeg = (id: string) => `vs-${id}`;

/** Names of cgroups, directly below the root of each hierarchy. */
export const controlPlaneCgroup = (id: string) => `vethscope-${id}-control-plane`;
export const nodeCgroup = (id: string, node: NodeName) => `vethscope-${id}-${node}`;
export const allCgroups = (id: string) => [
  controlPlaneCgroup(id),
  ...NODES.map((node) => nodeCgroup(id, node)),
];

/** Host parts of the machines' network. */
const HOST = { machine: 1, fabric: 10, 'node-a': 11, 'node-b': 12, outside: 100 } as const;

/** Address of a machine in the fabric; `outside` is a host that Kubernetes knows nothing about. */
export function addressOf(cluster: Pick<Cluster, 'octet'>, host: keyof typeof HOST): string {
  return `172.30.${cluster.octet}.${HOST[host]}`;
}

export const USERS = ['admin', 'dev', 'viewer', 'deployer', 'expired', 'stranger'] as const;
/**
 * People of the cluster. admin: everything. dev: nothing. viewer: reads pods, Services, EndpointSlices, Nodes and
 * Namespaces. deployer: reads them and creates and deletes pods, but neither exec nor port-forward. expired: its
 * certificate is. stranger: its certificate is of another authority.
 */
export type User = (typeof USERS)[number];

export const kubeconfigOf = (cluster: Pick<Cluster, 'folder'>, user: string) =>
  join(cluster.folder, 'kubeconfig', `${user}.conf`);

export const nodeFolder = (cluster: Pick<Cluster, 'folder'>, node: NodeName) => join(cluster.folder, node);
