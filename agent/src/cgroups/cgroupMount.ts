import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { mountsOfType } from '../mountInfo.ts';

/**
 * Where the node's cgroup v2 tree can be read, null where it cannot: /sys/fs/cgroup, on a machine that also has v1
 * hierarchies /sys/fs/cgroup/unified. In a pod our own mount shows our own group at best, so the node's is reached
 * through its first process.
 */
export function findCgroupMount(): string | null {
  return mountsOfType('cgroup2').find((path) => existsSync(join(path, 'cgroup.controllers'))) ?? null;
}
