/** Runs commands inside a node: in its namespaces and in its control group. */
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { join } from 'node:path';
import { cgroupHierarchies } from './cgroups.ts';
import { nodeCgroup } from './cluster.ts';
import type { Cluster, NodeName } from './cluster.ts';
import { run } from './command.ts';
import type { CommandOptions } from './command.ts';
import { initProcess } from './node/start.ts';

type ClusterPlace = Pick<Cluster, 'folder' | 'id'>;

/**
 * The command line. nsenter does not change the control group, and programs attached to the node's group (socket load
 * balancing) would pass over a process outside it: a shell moves itself in first.
 */
function enter(cluster: ClusterPlace, node: NodeName, argv: readonly string[]): string[] {
  const { unified, legacy } = cgroupHierarchies();
  const group = join(unified, nodeCgroup(cluster.id, node), legacy.length > 0 ? '' : 'init', 'cgroup.procs');
  const namespaces = ['-n', '-m', '-p', '-u', '-i', '-C'];
  const nsenter = ['nsenter', '-t', `${initProcess(cluster, node)}`, ...namespaces, '--', ...argv];
  return ['-c', `echo $$ >'${group}' && exec "$@"`, 'sh', ...nsenter];
}

/**
 * Runs a command in a node to its end.
 * @returns its standard output
 * @throws {CommandError} when it fails or exceeds the time limit
 */
export async function inNode(
  cluster: ClusterPlace,
  node: NodeName,
  argv: readonly string[],
  options?: CommandOptions,
): Promise<string> {
  return await run('sh', enter(cluster, node, argv), options);
}

/** Starts a command in a node and leaves it running; the caller ends it. */
export function spawnInNode(
  cluster: ClusterPlace,
  node: NodeName,
  argv: readonly string[],
): ChildProcessWithoutNullStreams {
  return spawn('sh', enter(cluster, node, argv), { stdio: 'pipe' });
}
