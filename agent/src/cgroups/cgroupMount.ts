import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unlessCode } from '../failure.ts';

/**
 * Where the node's cgroup v2 tree can be read, null where it cannot: /sys/fs/cgroup, on a machine that also has v1
 * hierarchies /sys/fs/cgroup/unified. In a pod our own mount shows our own group at best, so the node's is reached
 * through its first process.
 */
export function findCgroupMount(): string | null {
  for (const [process, root] of [
    ['1', '/proc/1/root'],
    ['self', ''],
  ] as const) {
    for (const mount of cgroup2Mounts(readMounts(`/proc/${process}/mountinfo`))) {
      const path = join('/', root, mount);
      if (existsSync(join(path, 'cgroup.controllers'))) return path;
    }
  }
  return null;
}

/** Mount points of cgroup v2 in the text of a mountinfo file (proc_pid_mountinfo(5)). */
export function cgroup2Mounts(mountinfo: string): string[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [mount = '', file = ''] = line.split(' - ');
    const path = mount.split(' ')[4];
    return path !== undefined && file.startsWith('cgroup2 ') ? [unescape(path)] : [];
  });
}

/** A process that is gone, or that we may not look into. */
const UNREADABLE = new Set(['ENOENT', 'EACCES', 'EPERM', 'ESRCH']);

function readMounts(path: string): string {
  return unlessCode(UNREADABLE, () => readFileSync(path, 'utf8')) ?? '';
}

/** Blanks and the like are written as \ooo there. */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8)));
}
