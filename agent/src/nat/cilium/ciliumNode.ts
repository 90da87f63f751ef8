import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CILIUM_INTERFACE } from '../../../../src/model/nodeShape.ts';
import type { Addon } from '../../collector/addon.ts';
import { codeOf, unlessCode } from '../../failure.ts';
import { mountsOfType } from '../../mountInfo.ts';
import { GLOBALS } from './ciliumLayout.ts';
import { CiliumMaps, UnreadableMaps } from './ciliumMaps.ts';

/** A namespace that is gone or may not be entered, which others say. */
const UNREACHABLE = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM']);
/** Whose BPF file system we can reach: the first process's, in a pod with hostPID the node's, and our own. */
const PROCESSES = ['1', 'self'] as const;

/** Whether Cilium's programs are in the namespace at a path. */
export function hasCilium(addon: Addon, path: string): boolean {
  let namespace: InstanceType<Addon['NetworkNamespace']> | undefined;
  try {
    namespace = new addon.NetworkNamespace(path);
    return namespace.links().some(({ name }) => name === CILIUM_INTERFACE);
  } catch (error) {
    if (UNREACHABLE.has(codeOf(error))) return false;
    throw error;
  } finally {
    namespace?.close();
  }
}

/**
 * The maps of the Cilium whose programs are in a network namespace. Maps carry no mark of their node: they are taken for
 * those of the namespace of the process whose file system they are in, and of no other.
 * @param inode of the namespace
 * @throws UnreadableMaps
 */
export function openCiliumMaps(addon: Addon, inode: number): CiliumMaps {
  const isThere = PROCESSES.some((process) => netnsOf(process) === inode);
  if (!isThere) {
    throw new UnreadableMaps(
      'its maps are where the first process of its node is, which cannot be reached from here',
    );
  }
  const root = mountsOfType('bpf').find((path) => existsSync(join(path, GLOBALS)));
  if (root === undefined) throw new UnreadableMaps(`no BPF file system with ${GLOBALS} can be reached`);
  return CiliumMaps.open(addon, root);
}

/** Why what Cilium translates cannot be joined on this node; null where it can be, or where there is no Cilium. */
export function ciliumRefusal(addon: Addon): string | null {
  const process = PROCESSES.find((each) => hasCilium(addon, `/proc/${each}/ns/net`));
  const inode = process === undefined ? undefined : netnsOf(process);
  if (inode === undefined) return null;
  try {
    openCiliumMaps(addon, inode).close();
    return null;
  } catch (error) {
    if (error instanceof UnreadableMaps) return error.message;
    throw error;
  }
}

function netnsOf(process: string): number | undefined {
  return unlessCode(UNREACHABLE, () => statSync(`/proc/${process}/ns/net`).ino);
}
