/** Conservation on the real cluster: both nodes are observed, each by an agent in its namespaces, while pods come and go. */
import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { NODES } from '../cluster/cluster.ts';
import type { Cluster, NodeName } from '../cluster/cluster.ts';
import { initProcess } from '../cluster/node/start.ts';
import { netnsPath, until } from '../lab/commands.ts';
import { interfaceStatistics } from '../lab/truth/interfaceStatistics.ts';
import { accountsOf } from './account.ts';
import type { AgentRun } from './agentRun.ts';
import { ClusterGenerators, nodeNetns, openServers, startClusterLoad, withPod } from './clusterLoad.ts';
import type { Shop } from './clusterLoad.ts';
import { endCounted, startCounted } from './counted.ts';
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
      await endAll(watched);
    }
  } finally {
    await close();
  }
}

/** Each node on its own: what passes while one agent attaches does not spoil the other's start. */
async function startQuietly(cluster: Cluster, interval: number): Promise<Watched[]> {
  const watched: Watched[] = [];
  try {
    for (const node of NODES) watched.push(await watch(cluster, node, interval));
    return watched;
  } catch (error) {
    await endAll(watched);
    throw error;
  }
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
  const options = { netns: [], interval, enter };
  const links = (): number => 2 * interfaceStatistics(netns).length;
  try {
    for (let attempt = 0; attempt < 8; attempt++) {
      const agent = await whileFrozen(cluster, () => startCounted(options, [counters], links));
      if (agent) return { node, netns, agent, counters };
    }
    throw new Error(
      `packets passed on ${node} at each of 8 starts of its agent, though all processes were frozen`,
    );
  } catch (error) {
    counters.close();
    throw error;
  }
}

async function endAll(watched: readonly Watched[]): Promise<void> {
  for (const { agent, counters } of watched) {
    await agent.kill();
    counters.close();
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
  const reports: Report[] = [];
  for (const { node, netns, agent, counters } of watched) {
    await agent.rest();
    // Frozen no longer than it takes: after 15 s connections probe whether their peer is alive.
    const { kernel, tally } = await whileFrozen(cluster, () => endCounted(agent, [counters], 500));
    const accounts = accountsOf(node, statSync(netnsPath(netns)).ino, kernel[0] ?? [], tally);
    const title = `${node} (${cluster.shape}), ${what}, ${tally.flows} flows`;
    reports.push(report(title, accounts, tally, { offloads: true }));
  }
  return reports;
}
