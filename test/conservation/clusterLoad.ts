/** The cluster's load beyond what it does by itself: from the shop's pods, and from pods that come and go. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cgroupHierarchies } from '../cluster/cgroups.ts';
import { addressOf, nodeCgroup, nodeNamespace } from '../cluster/cluster.ts';
import type { Cluster, NodeName } from '../cluster/cluster.ts';
import { TOOLS_IMAGE } from '../cluster/images/names.ts';
import { kubectl } from '../cluster/kubectl.ts';
import { inPod, podNames, podPlace, podVeth } from '../cluster/pods.ts';
import { SHOP_NAMESPACE } from '../cluster/shop.ts';
import { netnsPath, runIn } from '../lab/commands.ts';
import { nativeProgram } from '../lab/nativePrograms.ts';
import { ended } from './load.ts';
import type { Load } from './load.ts';

const program = (name: string): string =>
  fileURLToPath(new URL(`../lab/programs/${name}.ts`, import.meta.url));

const SHORT = { port: 20_000, ports: 16 } as const;
const NOBODY = { port: 30_000, ports: 64 } as const;

/** Where a generator runs: a network namespace, and the node whose control group ends it with the cluster. */
export interface ClusterPlace {
  readonly netns: string;
  readonly node: NodeName;
  readonly address: string;
}

/** The network of a pod, through its pause process as this machine sees it: the only one that surely stays. */
export async function placeOf(cluster: Cluster, namespace: string, pod: string): Promise<ClusterPlace> {
  const { node, address } = await podPlace(cluster, namespace, pod);
  const link = (await inPod(cluster, namespace, pod, ['readlink', '/proc/self/ns/net'])).trim();
  const found = readdirSync('/proc').find(
    (pid) => /^\d+$/.test(pid) && networkOf(pid) === link && isPause(pid),
  );
  if (found === undefined) {
    throw new Error(`no pause process of this machine is in the network of ${pod}, ${link}`);
  }
  return { netns: `/proc/${found}/ns/net`, node, address };
}

function networkOf(pid: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch (error) {
    // Gone meanwhile, or none that this user may ask about: not the pod's.
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

function isPause(pid: string): boolean {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'pause';
}

export class ClusterGenerators {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  spawn({ netns, node }: ClusterPlace, command: string, args: readonly string[]): ReturnType<typeof spawn> {
    const { unified, legacy } = cgroupHierarchies();
    const group = join(
      unified,
      nodeCgroup(this.#cluster.id, node),
      legacy.length > 0 ? '' : 'init',
      'cgroup.procs',
    );
    const enter = [
      '-c',
      `echo $$ >'${group}' && exec "$@"`,
      'sh',
      'nsenter',
      `--net=${netnsPath(netns)}`,
      '--',
    ];
    return spawn('sh', [...enter, command, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  run(
    place: ClusterPlace,
    command: string,
    args: readonly string[],
    statuses?: readonly number[],
  ): Promise<void> {
    return ended(this.spawn(place, command, args), `${command} ${args.join(' ')}`, statuses);
  }

  node(place: ClusterPlace, name: string, args: readonly string[]): Promise<void> {
    return this.run(place, process.execPath, [program(name), ...args]);
  }

  shortFlows(
    place: ClusterPlace,
    kind: 'tcp' | 'udp',
    address: string,
    count: number,
    perSecond: number,
  ): Promise<void> {
    const { port, ports } = kind === 'tcp' ? SHORT : NOBODY;
    const numbers = [port, ports, count, perSecond].map(String);
    return this.run(place, nativeProgram('shortFlows'), [kind, address, ...numbers]);
  }
}

/** The shop's client, its web pods (one on each node) and the host outside. */
export interface Shop {
  readonly client: ClusterPlace;
  readonly web: readonly ClusterPlace[];
  readonly outside: ClusterPlace;
}

/** Finds the places and lets them answer. The servers end with the returned function. */
export async function openServers(
  cluster: Cluster,
  generators: ClusterGenerators,
): Promise<{ shop: Shop; close: () => Promise<void> }> {
  const web = await podNames(cluster, SHOP_NAMESPACE, 'app=web');
  const shop: Shop = {
    client: await placeOf(cluster, SHOP_NAMESPACE, 'client'),
    web: await Promise.all(web.map((pod) => placeOf(cluster, SHOP_NAMESPACE, pod))),
    outside: {
      netns: `vs-${cluster.id}-outside`,
      node: 'node-a',
      address: addressOf(cluster, 'outside'),
    },
  };
  const servers = [...shop.web, shop.outside].flatMap((place) => [
    generators.spawn(place, process.execPath, [program('server'), '18080', '18053']),
    generators.spawn(place, nativeProgram('shortFlows'), ['serve', String(SHORT.port), String(SHORT.ports)]),
  ]);
  const close = async (): Promise<void> => {
    for (const server of servers) server.kill();
    await Promise.allSettled(servers.map((server) => ended(server, 'a server')));
  };
  await Promise.all(servers.map((server) => new Promise((resolve) => server.stdout?.once('data', resolve))));
  return { shop, close };
}

export function startClusterLoad(
  load: Load,
  generators: ClusterGenerators,
  shop: Shop,
  perSecond: number,
): void {
  const { client, web, outside } = shop;
  const targets = [...web, outside];
  const target = (round: number): ClusterPlace => targets[round % targets.length] ?? outside;
  load.repeat('bulk', (round) =>
    generators.node(client, 'tcpClient', [target(round).address, '18080', '20000000', '2000000']),
  );
  for (const kind of ['tcp', 'udp'] as const) {
    load.repeat(`short ${kind}`, (round) =>
      generators.shortFlows(client, kind, target(round).address, 2 * perSecond, perSecond),
    );
  }
  load.repeat('echoes in fragments', (round) =>
    generators.run(
      client,
      'busybox',
      ['ping', '-q', '-A', '-c', '20', '-w', '2', '-s', '4000', target(round).address],
      [0, 1],
    ),
  );
  load.repeat('large datagrams', (round) =>
    generators.node(client, 'udpSender', [target(round).address, '18053', '200', '6000', '0', 'echo']),
  );
  const gateway = macOfGateway(client);
  load.repeat('raw frames', () =>
    generators.run(client, nativeProgram('rawFrames'), [
      'eth0',
      gateway,
      String(2 * perSecond),
      String(perSecond),
    ]),
  );
}

/** The bridge's, or the host end's: a known address, so that no frame is flooded to pods that just came. */
function macOfGateway({ netns, address }: ClusterPlace): string {
  const [route] = JSON.parse(runIn(netns, 'ip', ['-j', 'route', 'get', '1.1.1.1'])) as { gateway: string }[];
  const gateway = route?.gateway ?? '';
  runIn(netns, 'busybox', ['ping', '-q', '-c', '1', '-W', '2', gateway]);
  const neighbours = JSON.parse(runIn(netns, 'ip', ['-j', 'neigh', 'show', gateway])) as {
    lladdr?: string;
  }[];
  const mac = neighbours.find(({ lladdr }) => lladdr !== undefined)?.lladdr;
  if (mac === undefined) throw new Error(`${address} does not know its gateway ${gateway}`);
  return mac;
}

/** A pod comes on the node, and is gone after what is done with it. */
export async function withPod(
  cluster: Cluster,
  node: NodeName,
  name: string,
  work: (place: ClusterPlace, veth: string) => Promise<void>,
): Promise<void> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: SHOP_NAMESPACE },
    spec: {
      nodeName: node,
      serviceAccountName: 'shop',
      terminationGracePeriodSeconds: 0,
      containers: [
        { name: 'idle', image: TOOLS_IMAGE, imagePullPolicy: 'Never', command: ['sleep', '100000'] },
      ],
    },
  };
  await kubectl(cluster, ['apply', '-f', '-'], { input: JSON.stringify(pod) });
  try {
    await kubectl(
      cluster,
      ['-n', SHOP_NAMESPACE, 'wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s'],
      {
        timeout: 65_000,
      },
    );
    const veth = await podVeth(cluster, SHOP_NAMESPACE, name);
    await work(await placeOf(cluster, SHOP_NAMESPACE, name), veth);
  } finally {
    await kubectl(cluster, ['-n', SHOP_NAMESPACE, 'delete', 'pod', name, '--timeout=60s'], {
      timeout: 65_000,
    });
    await sleep(200);
  }
}

export const nodeNetns = (cluster: Cluster, node: NodeName): string => nodeNamespace(cluster.id, node);
