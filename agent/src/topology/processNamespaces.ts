import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { unlessCode } from '../failure.ts';
import { podOfCgroupFile } from '../cgroups/podCgroup.ts';

/** A network namespace that a process lives in or that has a name. */
export interface FoundNamespace {
  readonly inode: number;
  /** A path through which it can be entered. */
  readonly path: string;
  /** The pods that its processes belong to, by cgroup: their UIDs, each with one such process. */
  readonly podUids: ReadonlyMap<string, number>;
}

/** Folders of named namespaces; in a pod with hostPID the node's own come through its init process. */
export const NAMED_NAMESPACE_FOLDERS = ['/run/netns', '/proc/1/root/run/netns', '/proc/1/root/var/run/netns'];

/**
 * Codes of a namespace that went away while it was read, or that may not be entered. ENOTTY: a name in /run/netns that
 * nothing is mounted on, for a moment whenever a pod's namespace is made or removed.
 */
export const UNREACHABLE: ReadonlySet<string> = new Set([
  'ENOENT',
  'ESRCH',
  'ENODEV',
  'EACCES',
  'EPERM',
  'EINVAL',
  'ENOTTY',
]);

/** What can disappear or be forbidden while /proc is read, and says nothing about the rest. */
const PASSING = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ENOTDIR', 'EINVAL']);

/** Inode of a namespace file, undefined when it is gone or not readable. */
export function namespaceInode(path: string): number | undefined {
  return unlessCode(PASSING, () => statSync(path).ino);
}

/** Whose a process was when it was looked at. */
interface KnownProcess {
  readonly inode: number;
  readonly podUid: string | null;
}

/** By process id. */
export type KnownProcesses = Map<string, KnownProcess>;

/**
 * All network namespaces of this machine that have a process or a name, by inode.
 * @param known what an earlier look found, and this one's after it: a process in the same namespace is taken for the same
 */
export function findNamespaces(known: KnownProcesses = new Map()): Map<number, FoundNamespace> {
  const before = new Map(known);
  known.clear();
  const found = new Map<number, { inode: number; path: string; podUids: Map<string, number> }>();
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const path = `/proc/${pid}/ns/net`;
    const inode = inodeOfLink(unlessCode(PASSING, () => readlinkSync(path)));
    if (inode === undefined) continue;
    let entry = found.get(inode);
    if (entry === undefined) {
      entry = { inode, path, podUids: new Map() };
      found.set(inode, entry);
    }
    const same = before.get(pid);
    const podUid = same?.inode === inode ? same.podUid : podUidOf(pid);
    known.set(pid, { inode, podUid });
    if (podUid !== null && !entry.podUids.has(podUid)) entry.podUids.set(podUid, Number(pid));
  }
  for (const folder of NAMED_NAMESPACE_FOLDERS) {
    for (const name of unlessCode(PASSING, () => readdirSync(folder)) ?? []) {
      const path = join(folder, name);
      const inode = namespaceInode(path);
      if (inode !== undefined && !found.has(inode)) found.set(inode, { inode, path, podUids: new Map() });
    }
  }
  return found;
}

function podUidOf(pid: string): string | null {
  const file = unlessCode(PASSING, () => readFileSync(`/proc/${pid}/cgroup`, 'utf8'));
  return podOfCgroupFile(file ?? '')?.podUid ?? null;
}

/** `net:[4026531840]` */
function inodeOfLink(target: string | undefined): number | undefined {
  const inode = /^net:\[(\d+)\]$/.exec(target ?? '')?.[1];
  return inode === undefined ? undefined : Number(inode);
}
