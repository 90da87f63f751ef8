/**
 * Control groups of this machine: cgroup v2 alone, or v1 hierarchies beside a v2 one ("hybrid").
 * Everything that the cluster starts sits in groups of its own, so that one write to cgroup.kill ends it.
 */
import {
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { poll } from './poll.ts';

export interface CgroupHierarchies {
  /** Where cgroup v2 is mounted. */
  readonly unified: string;
  /** Where the v1 hierarchies are mounted; empty on a machine with v2 alone. */
  readonly legacy: readonly string[];
}

export function cgroupHierarchies(): CgroupHierarchies {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
  const of = (type: string) =>
    mounts
      .filter((mount) => mount[2] === type && mount[1]?.startsWith('/sys/fs/cgroup'))
      .map((mount) => mount[1] ?? '');
  const [unified] = of('cgroup2');
  if (unified === undefined) {
    throw new Error('cgroup v2 is not mounted below /sys/fs/cgroup; mount it, or boot with it');
  }
  return { unified, legacy: of('cgroup') };
}

/**
 * Makes a group in every hierarchy.
 * @returns the files that take a process id, one a hierarchy
 */
export function createCgroup(name: string): string[] {
  const { unified, legacy } = cgroupHierarchies();
  return [unified, ...legacy].map((hierarchy) => {
    const folder = join(hierarchy, name);
    mkdirSync(folder, { recursive: true });
    // A new cpuset of v1 is empty and takes no process.
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      if (legacy.includes(hierarchy) && existsSync(join(folder, file))) {
        writeFileSync(join(folder, file), readFileSync(join(hierarchy, file)));
      }
    }
    return join(folder, 'cgroup.procs');
  });
}

/** Kills every process of the group and its children with SIGKILL, and waits until none is left. */
export async function killCgroup(name: string): Promise<void> {
  const folder = join(cgroupHierarchies().unified, name);
  if (!existsSync(folder)) return;
  writeFileSync(join(folder, 'cgroup.kill'), '1');
  await poll(
    `the processes of ${folder} to end`,
    () => readFileSync(join(folder, 'cgroup.events'), 'utf8').includes('populated 0'),
    { timeout: 10_000, interval: 20 },
  );
}

/** Whether a process lives in the group or below it. */
export function isPopulated(name: string): boolean {
  const events = join(cgroupHierarchies().unified, name, 'cgroup.events');
  return existsSync(events) && readFileSync(events, 'utf8').includes('populated 1');
}

/** Ids of the processes that live in the group or below it. */
export function processesOf(name: string): string[] {
  return globSync('**/cgroup.procs', { cwd: join(cgroupHierarchies().unified, name) })
    .flatMap((file) => readFileSync(join(cgroupHierarchies().unified, name, file), 'utf8').split('\n'))
    .filter(Boolean);
}

/** Removes the group and its children from every hierarchy. Killed processes may take a moment to leave the v1 ones. */
export async function removeCgroup(name: string): Promise<void> {
  const { unified, legacy } = cgroupHierarchies();
  for (const hierarchy of [unified, ...legacy]) {
    const folder = join(hierarchy, name);
    await poll(`${folder} to empty`, () => tryRemoveTree(folder), { timeout: 10_000 });
  }
}

function tryRemoveTree(folder: string): boolean {
  if (!existsSync(folder)) return true;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory() && !tryRemoveTree(join(folder, entry.name))) return false;
  }
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return true;
    if (code === 'EBUSY') return false;
    throw error;
  }
}

/** Controllers that kubelet needs delegated to a node's group; only where cgroup v2 has them. */
const CONTROLLERS = ['cpuset', 'cpu', 'io', 'memory', 'pids'];

/**
 * Turns the root's missing controllers on for its children (cgroup v2 alone).
 * @returns those that were off, for {@link withdrawControllers}
 */
export function delegateControllers(): string[] {
  const { unified, legacy } = cgroupHierarchies();
  if (legacy.length > 0) return [];
  const words = (file: string) => readFileSync(join(unified, file), 'utf8').trim().split(' ');
  const available = words('cgroup.controllers');
  const on = words('cgroup.subtree_control');
  const missing = CONTROLLERS.filter((name) => available.includes(name) && !on.includes(name));
  for (const name of missing) writeFileSync(join(unified, 'cgroup.subtree_control'), `+${name}`);
  return missing;
}

export function withdrawControllers(controllers: readonly string[]): void {
  const { unified } = cgroupHierarchies();
  for (const name of controllers) writeFileSync(join(unified, 'cgroup.subtree_control'), `-${name}`);
}
