/** Conservation in the lab: both ends of the uplink are observed under mixed load while interfaces come and go. */
import { statSync } from 'node:fs';
import { delay, netnsPath, runIn } from '../lab/commands.ts';
import { addDevices, addTunnel, openTunnel, TUNNELS } from '../lab/extras.ts';
import { Lab } from '../lab/lab.ts';
import { batch } from '../lab/network.ts';
import { ping } from '../lab/traffic.ts';
import { interfaceStatistics } from '../lab/truth/interfaceStatistics.ts';
import { accountsOf } from './account.ts';
import type { AgentRun } from './agentRun.ts';
import { Comings, passingNamespace } from './comings.ts';
import type { Watchers } from './comings.ts';
import { endCounted, startCounted } from './counted.ts';
import { HookCounters } from './hookCounters.ts';
import { burst, prepareLoad, startLoad } from './labLoad.ts';
import { Load } from './load.ts';
import { report } from './report.ts';
import type { Report } from './report.ts';

export interface SoakOptions {
  readonly seconds: number;
  /** Segmentation and receive offloads: on, a buffer is many packets; off, every figure has a truth. */
  readonly offloads: boolean;
  /** New flows a second of each kind. */
  readonly perSecond: number;
  /** Distinct flows that begin at once in the middle. */
  readonly burst: number;
  /** Milliseconds between two swaps of the flow map. */
  readonly interval: number;
}

export async function soakLab(options: SoakOptions): Promise<Report> {
  const lab = await Lab.build();
  try {
    await prepare(lab, options.offloads);
    const { agent, counters } = await startQuietly(lab, options.interval);
    try {
      const rounds = await play(lab, agent, counters, options);
      const { kernel, tally } = await endCounted(agent, [counters.node, counters.outside], 3000);
      const { node, outside } = lab.plan;
      const accounts = [
        ...accountsOf('node', inodeOf(node.netns), kernel[0] ?? [], tally),
        ...accountsOf('outside', inodeOf(outside.netns), kernel[1] ?? [], tally),
      ];
      const swaps = Math.floor((options.seconds * 1000) / options.interval);
      const title = `lab, offloads ${options.offloads ? 'on' : 'off'}, ${options.seconds} s, about ${swaps} swaps, ${tally.flows} flows\nrounds: ${rounds}`;
      return report(title, accounts, tally, options);
    } finally {
      await agent.kill();
    }
  } finally {
    await lab.close();
  }
}

async function prepare(lab: Lab, offloads: boolean): Promise<void> {
  lab.expectNamespaces([passingNamespace(lab)]);
  if (!offloads) lab.setOffloads(false);
  addDevices(lab);
  for (const tunnel of TUNNELS) {
    addTunnel(lab, tunnel);
    openTunnel(lab, tunnel);
  }
  if (!offloads) for (const { netns } of [lab.plan.node, lab.plan.outside]) sendSinglePackets(netns);
  await prepareLoad(lab);
  for (const pod of ['client', 'web-1', 'web-2', 'broken']) {
    for (const address of Object.values(lab.plan.outside.addresses) as string[]) {
      ping(lab, lab.placeOf(lab.pod(pod)), address, 1);
    }
  }
  await lab.settle();
}

/** Without segmentation offload Linux still hands large TCP buffers to a device's egress, unless it may not make them. */
function sendSinglePackets(netns: string): void {
  for (const { name } of interfaceStatistics(netns)) {
    batch(netns, [`link set ${name} gso_max_segs 1`]);
    runIn(netns, 'ethtool', ['-K', name, 'gro', 'off']);
  }
}

async function startQuietly(lab: Lab, interval: number): Promise<{ agent: AgentRun; counters: Watchers }> {
  const { node, outside } = lab.plan;
  const counters = { node: new HookCounters(node.netns), outside: new HookCounters(outside.netns) };
  const options = { netns: [node.netns, outside.netns], inventory: lab.inventory, interval };
  const links = (): number =>
    2 * [node, outside].reduce((sum, { netns }) => sum + interfaceStatistics(netns).length, 0);
  for (let attempt = 0; attempt < 5; attempt++) {
    const agent = await startCounted(options, [counters.node, counters.outside], links);
    if (agent) return { agent, counters };
  }
  throw new Error('the lab is not quiet: packets passed at each of 5 starts');
}

async function play(
  lab: Lab,
  agent: AgentRun,
  counters: Watchers,
  { seconds, perSecond, burst: flows }: SoakOptions,
): Promise<string> {
  const load = new Load();
  const comings = new Comings(lab, agent, counters);
  startLoad(load, lab, TUNNELS, perSecond);
  load.repeat('pods and tunnels come and go', async (round) => {
    await comings.pod(round);
    if (round % 4 === 3) await comings.tunnel(round);
  });
  const end = Date.now() + seconds * 1000;
  await delay((seconds * 1000) / 3);
  await burst(lab, flows);
  while (Date.now() < end && !load.failed) await delay(500);
  await load.stop();
  return [...load.rounds].map(([name, rounds]) => `${name} ${rounds}`).join(', ');
}

function inodeOf(netns: string): number {
  return statSync(netnsPath(netns)).ino;
}
