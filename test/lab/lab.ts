/**
 * A node in network namespaces: a bridge with pods, an uplink to an outside host, a Service by DNAT, masquerade, and
 * processes in cgroups of their own. Everything carries the lab's id and goes away with close(), with the end of this
 * process, or with the next lab when this process is killed. Needs Linux and root.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cgroupMount, killAll, nodeCgroup, podCgroup, removeTree, removeTreeNow } from './cgroups.ts';
import { delay, netnsPath, run, runIn } from './commands.ts';
import { inventoryOf } from './inventory.ts';
import { buildNetwork, namespaces, removeNetwork } from './network.ts';
import { planLab } from './plan.ts';
import type { LabPlan, PodPlan } from './plan.ts';
import { register, takeLeftovers, unregister } from './registry.ts';
import type { LabRecord } from './registry.ts';
import { interfaceStatistics } from './truth/interfaceStatistics.ts';

/** Where a process runs: which network namespace and which cgroup. */
export interface Place {
  readonly netns: string;
  readonly cgroup: string;
}

export class Lab {
  readonly plan: LabPlan;
  /** Throw-away folder for files of the lab. */
  readonly folder: string;
  /** In `kubectl get pods,svc,nodes,endpointslices -A -o json` shape. */
  readonly inventory: string;
  private readonly cgroup: string;
  private record: Pick<LabRecord, 'id' | 'namespaces' | 'cgroup' | 'folder'>;
  private readonly onExit = (): void => this.closeNow();

  private constructor(plan: LabPlan) {
    this.plan = plan;
    this.cgroup = join(cgroupMount(), plan.id);
    this.folder = mkdtempSync(join(tmpdir(), `${plan.id}-`));
    this.inventory = join(this.folder, 'inventory.json');
    this.record = { id: plan.id, namespaces: namespaces(plan), cgroup: this.cgroup, folder: this.folder };
  }

  /** Builds a lab, after taking down those that a killed process left. */
  static async build(): Promise<Lab> {
    if (process.getuid?.() !== 0) {
      throw new Error('the lab makes network namespaces: run it on Linux as root');
    }
    for (const record of takeLeftovers()) await removeLab(record);
    const lab = new Lab(planLab());
    register(lab.record);
    process.once('exit', lab.onExit);
    watchSignals();
    try {
      buildNetwork(lab.plan);
      writeFileSync(lab.inventory, JSON.stringify(inventoryOf(lab.plan), null, 2));
      // A pod's namespace is found through its processes: each pod has its pause process, as under containerd.
      for (const pod of lab.plan.pods) lab.spawn(lab.placeOf(pod), 'sleep', ['infinity']);
    } catch (error) {
      await lab.close();
      throw error;
    }
    return lab;
  }

  pod(name: string): PodPlan {
    const found = this.plan.pods.find((pod) => pod.name === name);
    if (!found) throw new Error(`the lab has no pod ${name}`);
    return found;
  }

  /** The pod in the node's own network. */
  get hostNetworkPod(): PodPlan {
    const found = this.plan.pods.find((pod) => pod.hostNetwork);
    if (!found) throw new Error('the lab has no pod with hostNetwork');
    return found;
  }

  placeOf(pod: PodPlan): Place {
    return { netns: pod.netns, cgroup: podCgroup(this.cgroup, pod) };
  }

  /** A process of the node itself, which belongs to no pod. */
  get nodePlace(): Place {
    return { netns: this.plan.node.netns, cgroup: nodeCgroup(this.cgroup, 'node-agent') };
  }

  /** The host beyond the uplink. */
  get outsidePlace(): Place {
    return { netns: this.plan.outside.netns, cgroup: nodeCgroup(this.cgroup, 'outside') };
  }

  /** Starts a program at a place; it ends with the lab at the latest. */
  spawn(place: Place, command: string, args: readonly string[]): ChildProcess {
    const enter = 'echo $$ >"$1/cgroup.procs" && netns=$2 && shift 2 && exec nsenter --net="$netns" -- "$@"';
    return spawn('sh', ['-c', enter, 'sh', place.cgroup, netnsPath(place.netns), command, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
  }

  /** Runs a program at a place to its end; throws with its message when it fails. */
  run(place: Place, command: string, args: readonly string[]): string {
    const enter = 'echo $$ >"$1/cgroup.procs" && netns=$2 && shift 2 && exec nsenter --net="$netns" -- "$@"';
    return run('sh', ['-c', enter, 'sh', place.cgroup, netnsPath(place.netns), command, ...args]);
  }

  /** Names namespaces that come and go later, so that they are taken down with the lab, whoever does that. */
  expectNamespaces(names: readonly string[]): void {
    this.record = { ...this.record, namespaces: [...this.record.namespaces, ...names] };
    register(this.record);
  }

  /** Switches segmentation and receive offloads of every veth end on or off. */
  setOffloads(on: boolean): void {
    const state = on ? 'on' : 'off';
    const { node, outside, pods } = this.plan;
    const ends = [
      [node.netns, 'eth0'],
      [outside.netns, 'eth0'],
      ...pods.flatMap((pod) =>
        pod.hostInterface === null
          ? []
          : [
              [pod.netns, 'eth0'],
              [node.netns, pod.hostInterface],
            ],
      ),
    ] as [string, string][];
    // A bridge offers what all its ports offer; its own switch decides for packets that the node sends into it.
    ends.push([node.netns, this.plan.bridge.name]);
    for (const [netns, name] of ends) {
      runIn(netns, 'ethtool', ['-K', name, 'tso', state, 'gso', state, 'gro', state]);
    }
  }

  /** Waits until no interface of the node has counted anything for a second (multicast reports of a fresh link). */
  async settle(): Promise<void> {
    let before = '';
    for (let attempt = 0; attempt < 30; attempt++) {
      const now = JSON.stringify(interfaceStatistics(this.plan.node.netns));
      if (now === before) return;
      before = now;
      await delay(1000);
    }
    throw new Error(`interfaces of ${this.plan.node.netns} are never quiet`);
  }

  async close(): Promise<void> {
    process.off('exit', this.onExit);
    await removeLab(this.record);
  }

  private closeNow(): void {
    killAll(this.cgroup);
    removeNetwork(this.record.namespaces);
    removeTreeNow(this.cgroup);
    rmSync(this.folder, { recursive: true, force: true });
    unregister(this.plan.id);
  }
}

async function removeLab(record: Pick<LabRecord, 'id' | 'namespaces' | 'cgroup' | 'folder'>): Promise<void> {
  killAll(record.cgroup);
  removeNetwork(record.namespaces);
  await removeTree(record.cgroup);
  rmSync(record.folder, { recursive: true, force: true });
  unregister(record.id);
}

let watching = false;

/** A signal ends the process by the ordinary way, so that exit handlers run, unless the program has a way of its own. */
function watchSignals(): void {
  if (watching) return;
  watching = true;
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    if (process.listenerCount(signal) === 0) process.once(signal, () => process.exit(code));
  }
}
