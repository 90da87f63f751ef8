/** The agents that are in a cluster now: Kubernetes objects, processes and kernel objects, told by others than us. */
import { readdirSync, readFileSync } from 'node:fs';
import { objectsOf, remaining } from '../lab/truth/kernelPrograms.ts';
import type { KernelObjects } from '../lab/truth/kernelPrograms.ts';
import { NODES } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { inNode } from '../cluster/inNode.ts';
import { kubectl } from '../cluster/kubectl.ts';
import { poll } from '../cluster/poll.ts';

const SELECTOR = 'app.kubernetes.io/name=vethscope-agent';

export interface RunningAgent {
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string;
  readonly node: string;
  /** Processes of its pod, as this machine numbers them. */
  readonly processes: readonly number[];
  readonly objects: KernelObjects;
}

interface PodObject {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly nodeName: string };
  readonly status: { readonly phase: string };
}

/** Those that run; the agent of a session before may still be on its way out. */
export async function runningAgents(cluster: Cluster): Promise<RunningAgent[]> {
  const listing = await kubectl(cluster, ['get', 'pods', '-A', '-l', SELECTOR, '-o', 'json']);
  const running = (JSON.parse(listing) as { items: PodObject[] }).items.filter(
    ({ metadata, status }) => metadata.deletionTimestamp === undefined && status.phase === 'Running',
  );
  return running.map(({ metadata, spec }) => {
    const processes = processesOf(metadata.uid);
    const objects = processes.map(objectsOf);
    return {
      namespace: metadata.namespace,
      pod: metadata.name,
      uid: metadata.uid,
      node: spec.nodeName,
      processes,
      objects: {
        programs: objects.flatMap(({ programs }) => programs),
        maps: objects.flatMap(({ maps }) => maps),
        links: objects.flatMap(({ links }) => links),
      },
    };
  });
}

/** By their control group, which has the pod's uid in its path. */
function processesOf(uid: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && controlGroup(name).includes(`pod${uid}`))
    .map(Number);
}

function controlGroup(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  } catch (error) {
    // Ended while the list was read.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}

/** What is left of agents that were running; empty when all is gone. */
export async function residue(cluster: Cluster, agents: readonly RunningAgent[]): Promise<string[]> {
  const left: string[] = [];
  for (const kind of ['jobs', 'pods']) {
    const names = await kubectl(cluster, ['get', kind, '-A', '-l', SELECTOR, '-o', 'name']);
    left.push(...names.trim().split('\n').filter(Boolean));
  }
  for (const agent of agents) {
    left.push(...processesOf(agent.uid).map((pid) => `process ${pid} of ${agent.pod} on ${agent.node}`));
    const { programs, maps, links } = remaining(agent.objects);
    left.push(
      ...programs.map((id) => `program ${id}`),
      ...maps.map((id) => `map ${id}`),
      ...links.map((id) => `link ${id}`),
    );
  }
  for (const node of NODES) {
    const attachments = JSON.parse(await inNode(cluster, node, ['bpftool', '-j', 'net'])) as Record<
      string,
      unknown[]
    >[];
    const attached = attachments.flatMap((kinds) => Object.values(kinds).flat());
    left.push(...attached.map((attachment) => `${node}: ${JSON.stringify(attachment)}`));
  }
  return left;
}

/** Waits until nothing is left; throws with what still is. */
export async function expectNoResidue(
  cluster: Cluster,
  agents: readonly RunningAgent[],
  seconds: number,
): Promise<void> {
  let left: string[] = [];
  try {
    await poll(
      'the agents to be gone',
      async () => {
        left = await residue(cluster, agents);
        return left.length === 0;
      },
      { timeout: seconds * 1000, interval: 250 },
    );
  } catch {
    throw new Error(`after ${seconds} s there is still\n${left.join('\n')}`);
  }
}
