/** Conservation on the real cluster: both nodes are observed, each by an agent in its namespaces, while pods come and go. */
import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { NODES } from '../cluster/cluster.ts';
import type { Cluster, NodeName } from '../cluster/cluster.ts';
import { initProcess } from '../cluster/node/start.ts';
import { netnsPath, until } from '../lab/commands.ts';
import { interfaceStatistics } from '../lab/truth/interfaceStatistics.ts';
import { accountsOf, ledgerOf } from './account.ts';
import { AgentRun } from './agentRun.ts';
import { ClusterGenerators, nodeNetns, openServers, startClusterLoad, withPod } from './clusterLoad.ts';
import type { Shop } from './clusterLoad.ts';
import { whileFrozen } from './frozen.ts';
import { HookCounters } from './hookCounters.ts';
import { Load } from './load.ts';
import { report } from './report.ts';
import type { Report } from './report.ts';

export interface ClusterSoakOptions {
  readonly seconds: number;
  readonly perSecond: number;
  /** Distinct flows that begin at once. */
  readonly burst: number;
  /** Milliseconds between two swaps of the flow map. */
  readonly interval: number;
}

/** One node with its two accountants. */
interface Watched {
  readonly node: NodeName;
  readonly netns: string;
  readonly agent: AgentRun;
  readonly counters: HookCounters;
}

/** @param cluster with the shop open */
export async function soakCluster(cluster: Cluster, options: ClusterSoakOptions): Promise<Report[]> {
  const generators = new ClusterGenerators(cluster);
  const { shop, close } = await openServers(cluster, generators);
  try {
    const watched = await startQuietly(cluster, options.interval);
    try {
      const rounds = await play(cluster, generators, shop, watched, options);
      return await account(cluster, watched, `${options.seconds} s; rounds: ${rounds}`);
    } finally {
      for (const { agent, counters } of watched) {
        await agent.kill();
        counters.close();
      }
    }
  } finally {
    await close();
  }
}

async function startQuietly(cluster: Cluster, interval: number): Promise<Watched[]> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const watched = await whileFrozen(cluster, async () => {
      // What was on its way when the processes froze has arrived.
      await sleep(1000);
      const started = NODES.map((node) => watch(cluster, node, interval));
      const settled = await Promise.allSettled(started);
      const found = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      const failed = settled.find((one) => one.status === 'rejected');
      const packets = found.reduce((sum, { counters }) => sum + packetsOf(counters), 0);
      if (!failed && packets === 0) return found;
      for (const { agent, counters } of found) {
        await agent.kill();
        counters.close();
      }
      if (failed) throw failed.reason as Error;
      return null;
    });
    if (watched) return watched;
  }
  throw new Error('packets passed at each of 5 starts of the agents, though all processes were frozen');
}

async function watch(cluster: Cluster, node: NodeName, interval: number): Promise<Watched> {
  const netns = nodeNetns(cluster, node);
  const counters = new HookCounters(netns);
  const enter = [
    'nsenter',
    '-t',
    String(initProcess(cluster, node)),
    '-n',
    '-m',
    '-p',
    '-u',
    '-i',
    '-C',
    '--',
  ];
  try {
    const agent = await AgentRun.start(
      { netns: [], interval, enter },
      () => 2 * interfaceStatistics(netns).length,
    );
    return { node, netns, agent, counters };
  } catch (error) {
    counters.close();
    throw error;
  }
}

async function play(
  cluster: Cluster,
  generators: ClusterGenerators,
  shop: Shop,
  watched: readonly Watched[],
  { seconds, perSecond, burst }: ClusterSoakOptions,
): Promise<string> {
  const load = new Load();
  startClusterLoad(load, generators, shop, perSecond);
  load.repeat('pods come and go', async (round) => {
    const place = watched[round % watched.length];
    if (place) await passingPod(cluster, generators, shop, place, round);
  });
  const end = Date.now() + seconds * 1000;
  await sleep((seconds * 1000) / 3);
  await generators.shortFlows(shop.client, 'udp', shop.outside.address, burst, 20_000);
  while (Date.now() < end && !load.failed) await sleep(500);
  await load.stop();
  return [...load.rounds].map(([name, rounds]) => `${name} ${rounds}`).join(', ');
}

async function passingPod(
  cluster: Cluster,
  generators: ClusterGenerators,
  shop: Shop,
  { node, netns, agent, counters }: Watched,
  round: number,
): Promise<void> {
  await withPod(cluster, node, `passing-${round}`, async (place, veth) => {
    const found = interfaceStatistics(netns).find(({ name }) => name === veth);
    if (!found) throw new Error(`${node} has no interface ${veth}`);
    counters.add(veth, found.ifindex, false);
    await until(`the agent to attach to ${veth}`, 20, () =>
      agent.attachments().filter((ifindex) => ifindex === found.ifindex).length === 2 ? true : null,
    );
    for (const { address } of shop.web) await generators.shortFlows(place, 'tcp', address, 200, 200);
  });
}

async function account(cluster: Cluster, watched: readonly Watched[], what: string): Promise<Report[]> {
  return await whileFrozen(cluster, async () => {
    await until('the nodes to fall silent', 60, silence(watched));
    const before = JSON.stringify(watched.map(({ counters }) => counters.read()));
    const tallies = await Promise.all(watched.map(({ agent }) => agent.end()));
    const kernel = watched.map(({ counters }) => counters.read());
    if (JSON.stringify(kernel) !== before) {
      throw new Error('packets passed while the agents ended; the account cannot be made');
    }
    return watched.map(({ node, netns }, index) => {
      const tally = tallies[index];
      if (!tally) throw new Error(`no tally of ${node}`);
      const accounts = accountsOf(node, statSync(netnsPath(netns)).ino, kernel[index] ?? [], tally);
      const title = `${node} (${cluster.shape}), ${what}, ${tally.flows} flows`;
      return report(title, accounts, ledgerOf(tally), { offloads: true });
    });
  });
}

/** Whether nothing has passed any hook for two seconds. */
function silence(watched: readonly Watched[]): () => true | null {
  let before = -1;
  let since = 0;
  return () => {
    const packets = watched.reduce((sum, { counters }) => sum + packetsOf(counters), 0);
    if (packets !== before) since = Date.now();
    before = packets;
    return Date.now() - since > 2000 ? true : null;
  };
}

function packetsOf(counters: HookCounters): number {
  return counters.read().reduce((sum, { all }) => sum + all.packets, 0);
}
