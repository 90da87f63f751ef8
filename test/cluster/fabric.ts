/**
 * The network between the machines: a router in a namespace of its own, a leg to each node, to an outside host and to
 * this machine. It is routed and not bridged because through a bridge of one kernel a packet keeps its sender's socket,
 * and bpf_skb_cgroup_id at the receiving node would name a cgroup of the sending one: impossible between real machines.
 */
import { addressOf, fabricNamespace, machineLeg, nodeNamespace, NODES, outsideNamespace } from './cluster.ts';
import type { Cluster } from './cluster.ts';
import { run } from './command.ts';

const inNamespace = (namespace: string, ...argv: string[]) =>
  run('ip', ['netns', 'exec', namespace, ...argv]);

/** The router forwards between its legs and answers ARP for what is behind the others; it leads nowhere else. */
const ROUTER_SYSCTLS = [
  'net.ipv4.ip_forward=1',
  'net.ipv4.conf.all.rp_filter=0',
  'net.ipv4.conf.default.rp_filter=0',
  'net.ipv4.conf.all.proxy_arp=1',
  'net.ipv4.conf.all.send_redirects=0',
  'net.ipv4.conf.default.send_redirects=0',
];

export async function createFabric(cluster: Cluster): Promise<void> {
  const fabric = fabricNamespace(cluster.id);
  await run('ip', ['netns', 'add', fabric]);
  await inNamespace(fabric, 'ip', 'link', 'set', 'lo', 'up');
  await inNamespace(fabric, 'ip', 'addr', 'add', `${addressOf(cluster, 'fabric')}/32`, 'dev', 'lo');
  await inNamespace(fabric, 'sysctl', '-qw', ...ROUTER_SYSCTLS);
  const leg = machineLeg(cluster.id);
  await addLeg(cluster, 'to-machine', leg, addressOf(cluster, 'machine'));
  await run('ip', ['addr', 'add', `${addressOf(cluster, 'machine')}/24`, 'dev', leg]);
  await run('ip', ['link', 'set', leg, 'up']);
  for (const node of NODES) {
    await addHost(cluster, nodeNamespace(cluster.id, node), `to-${node}`, addressOf(cluster, node));
  }
  await addHost(cluster, outsideNamespace(cluster.id), 'to-outside', addressOf(cluster, 'outside'));
}

/** A namespace whose eth0 is in the fabric. The default route matters: without one a node has no way to a ClusterIP. */
async function addHost(cluster: Cluster, namespace: string, legName: string, address: string): Promise<void> {
  const leg = `${machineLeg(cluster.id)}t`;
  await run('ip', ['netns', 'add', namespace]);
  await addLeg(cluster, legName, leg, address);
  await run('ip', ['link', 'set', leg, 'netns', namespace, 'name', 'eth0']);
  await inNamespace(namespace, 'ip', 'link', 'set', 'lo', 'up');
  await inNamespace(namespace, 'ip', 'addr', 'add', `${address}/24`, 'dev', 'eth0');
  await inNamespace(namespace, 'ip', 'link', 'set', 'eth0', 'up');
  await inNamespace(namespace, 'ip', 'route', 'add', 'default', 'via', addressOf(cluster, 'fabric'));
}

/** A veth whose far end is in the router; the near end stays in this machine's namespace under the name given. */
async function addLeg(cluster: Cluster, farName: string, nearName: string, address: string): Promise<void> {
  const fabric = fabricNamespace(cluster.id);
  await run('ip', ['link', 'add', nearName, 'type', 'veth', 'peer', 'name', farName, 'netns', fabric]);
  await inNamespace(fabric, 'sysctl', '-qw', `net.ipv4.neigh.${farName}.proxy_delay=0`);
  await inNamespace(fabric, 'ip', 'link', 'set', farName, 'up');
  await inNamespace(
    fabric,
    'ip',
    'route',
    'add',
    `${address}/32`,
    'dev',
    farName,
    'src',
    addressOf(cluster, 'fabric'),
  );
}

/** Lets the control plane reach pods, as webhooks and aggregated APIs need it. */
export async function routeToPods(cluster: Cluster, subnet: string, nodeAddress: string): Promise<void> {
  await inNamespace(fabricNamespace(cluster.id), 'ip', 'route', 'replace', subnet, 'via', nodeAddress);
}

/** The first network 172.30.<octet>.0/24 that this machine has no route to. */
export async function freeOctet(): Promise<number> {
  const routes = await run('ip', ['-4', 'route', 'show']);
  for (let octet = 0; octet < 256; octet++) if (!routes.includes(`172.30.${octet}.`)) return octet;
  throw new Error('every network 172.30.x.0/24 has a route on this machine; take a cluster down');
}
