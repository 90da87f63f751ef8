/** What each contender costs in user space, and whether it saw everything. */
import { readdirSync } from 'node:fs';
import { delay } from '../../lab/commands.ts';
import type { Lab } from '../../lab/lab.ts';
import { interfaceStatistics } from '../../lab/truth/interfaceStatistics.ts';
import { withContender } from './contenders.ts';
import type { ContenderName } from './contenders.ts';
import type { Contender, Counted } from './contender.ts';
import { watchMemory } from './memory.ts';
import { readIfThere } from './procFile.ts';
import type { Plan } from './plan.ts';
import type { Samples } from './samples.ts';
import { play } from './workloads.ts';
import type { Workload } from './workloads.ts';

/** The new flows come first, while memory is that of an idle contender. No large buffers: what is counted is compared. */
const ORDER: readonly Workload[] = ['new', 'hot', 'short'];
const IDLE_SECONDS = 3;

export async function measureAgents(lab: Lab, plan: Plan, samples: Samples): Promise<void> {
  for (const name of plan.contenders) {
    if (name === 'empty') continue;
    await withContender(name, lab, (contender) => measureContender(lab, contender, name, plan, samples));
  }
}

async function measureContender(
  lab: Lab,
  contender: Contender,
  name: ContenderName,
  plan: Plan,
  samples: Samples,
): Promise<void> {
  await delay(contender.settle * 500);
  const idle = await idleShare(contender.pid);
  samples.add(name, 'all', 'idleCpu', idle);
  const before = passed(lab);
  for (const workload of ORDER) {
    if (plan.workloads.includes(workload)) {
      await measureOne(lab, contender, name, workload, idle, samples);
    }
  }
  const after = passed(lab);
  const truth = { once: after.once - before.once, hooks: after.hooks - before.hooks };
  addLoss(name, truth, await contender.finish(), samples);
}

async function measureOne(
  lab: Lab,
  contender: Contender,
  name: ContenderName,
  workload: Workload,
  idle: number,
  samples: Samples,
): Promise<void> {
  const memory = workload === 'new' ? watchMemory(contender.pid) : null;
  const start = performance.now();
  const before = cpuSeconds(contender.pid);
  await play(lab, workload);
  await delay(contender.settle * 1000);
  const seconds = (performance.now() - start) / 1000;
  samples.add(name, workload, 'cpu', Math.max(0, cpuSeconds(contender.pid) - before - idle * seconds));
  if (memory === null) return;
  const { fixed, peak, last } = memory.end();
  samples.add(name, 'all', 'fixedMemory', fixed);
  samples.add(name, 'all', 'peakGrowth', peak - fixed);
  samples.add(name, 'all', 'growth', last - fixed);
}

/** Share of one CPU that it takes while nothing passes. */
async function idleShare(pid: number): Promise<number> {
  const start = performance.now();
  const before = cpuSeconds(pid);
  await delay(IDLE_SECONDS * 1000);
  return (cpuSeconds(pid) - before) / ((performance.now() - start) / 1000);
}

/** CPU time of the process's threads, which the kernel keeps in nanoseconds here. */
function cpuSeconds(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const times = tasks.map((task) => Number(readIfThere(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0]));
  return times.reduce((sum, time) => sum + time, 0) / 1e9;
}

interface Passed {
  /** At the client's veth. */
  readonly once: number;
  /** At all interfaces, both directions. */
  readonly hooks: number;
}

function passed(lab: Lab): Passed {
  const links = interfaceStatistics(lab.plan.node.netns).filter(({ name }) => name !== 'lo');
  const packets = links.map((link) => link.receivedPackets + link.sentPackets);
  const veth = links.findIndex(({ name }) => name === lab.pod('client').hostInterface);
  return { once: packets[veth] ?? NaN, hooks: packets.reduce((sum, count) => sum + count, 0) };
}

function addLoss(name: ContenderName, truth: Passed, counted: Counted, samples: Samples): void {
  if (counted.at === null) return;
  const all = counted.at === 'once' ? truth.once : truth.hooks;
  samples.add(name, 'all', 'uncounted', all - counted.packets);
  samples.add(name, 'all', 'passed', all);
  if (counted.lost !== null) samples.add(name, 'all', 'admitted', counted.lost);
}
