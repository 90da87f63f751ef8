/** A cluster held still: its processes frozen, so that counting can begin and end between two packets. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupHierarchies } from '../cluster/cgroups.ts';
import { allCgroups } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { poll } from '../cluster/poll.ts';

/** Does something while every process of the cluster is frozen; the kernel's own timers go on. */
export async function whileFrozen<T>(cluster: Cluster, work: () => Promise<T>): Promise<T> {
  const groups = allCgroups(cluster.id).map((name) => join(cgroupHierarchies().unified, name));
  try {
    for (const group of groups) writeFileSync(join(group, 'cgroup.freeze'), '1');
    for (const group of groups) {
      const isFrozen = (): boolean => readFileSync(join(group, 'cgroup.events'), 'utf8').includes('frozen 1');
      await poll(`the processes of ${group} to freeze`, isFrozen, { timeout: 20_000 });
    }
    return await work();
  } finally {
    for (const group of groups) writeFileSync(join(group, 'cgroup.freeze'), '0');
  }
}
