/** cgroup v2 folders in the layout that kubelet's cgroupfs driver makes, under a root of the lab's own. */
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { delay } from './commands.ts';
import type { PodPlan } from './plan.ts';

/** Where cgroup v2 is mounted: on its own, or beside v1. */
export function cgroupMount(): string {
  for (const mount of ['/sys/fs/cgroup/unified', '/sys/fs/cgroup']) {
    if (existsSync(join(mount, 'cgroup.controllers'))) return mount;
  }
  throw new Error('no cgroup v2 mount: mount one with `mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified`');
}

/** The folder of a pod's container; made when it is not there. */
export function podCgroup(root: string, pod: PodPlan): string {
  return make(join(root, 'kubepods', 'besteffort', `pod${pod.uid}`, pod.containerId));
}

/** The folder of a process of the node itself, as systemd lays it out. */
export function nodeCgroup(root: string, service: string): string {
  return make(join(root, 'system.slice', `${service}.service`));
}

function make(path: string): string {
  mkdirSync(path, { recursive: true });
  return path;
}

/** Ends every process below the root with SIGKILL, and nothing else. */
export function killAll(root: string): void {
  if (existsSync(root)) writeFileSync(join(root, 'cgroup.kill'), '1');
}

/**
 * Ends every process below the root and removes the tree. It takes several tries: a folder stays busy for some
 * milliseconds after its last process, and a process that was just starting may enter it late.
 */
export async function removeTree(root: string): Promise<void> {
  for (let attempt = 0; !tryRemoveTree(root); attempt++) {
    if (attempt === 500) throw new Error(`processes in ${root}/**/cgroup.procs do not end`);
    await delay(20);
    killAll(root);
  }
}

/** For exit handlers, which cannot wait for promises. */
export function removeTreeNow(root: string): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let attempt = 0; attempt < 100 && !tryRemoveTree(root); attempt++) {
    Atomics.wait(pause, 0, 0, 20);
    killAll(root);
  }
}

function tryRemoveTree(root: string): boolean {
  if (!existsSync(root)) return true;
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    if (entry.isDirectory() && !tryRemoveTree(join(root, entry.name))) return false;
  }
  try {
    rmdirSync(root);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false;
    throw error;
  }
}
