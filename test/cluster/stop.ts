/** Takes a cluster down: no process, namespace, interface, rule, mount, control group or file of it remains. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { killCgroup, removeCgroup, withdrawControllers } from './cgroups.ts';
import { allCgroups, allNamespaces, clusterFolder, clusterId, clusterName, machineLeg } from './cluster.ts';
import { run, tryRun } from './command.ts';

export interface StopOptions {
  readonly name?: string;
  /** Keeps keys, logs and etcd's data, to look into a failure. */
  readonly keepFolder?: boolean;
}

/** Works from the name alone, so it also clears what a killed start, or a killed cluster, left. */
export async function stopCluster(options: StopOptions = {}): Promise<void> {
  const id = clusterId(options.name ?? clusterName());
  const folder = clusterFolder(id);
  // SIGKILL: the API server takes up to a minute to leave on SIGTERM while someone watches.
  await Promise.all(allCgroups(id).map((name) => killCgroup(name)));
  await tryRun('ip', ['link', 'delete', machineLeg(id)]);
  for (const namespace of allNamespaces(id)) {
    if (existsSync(`/run/netns/${namespace}`)) await run('ip', ['netns', 'delete', namespace]);
  }
  await Promise.all(allCgroups(id).map((name) => removeCgroup(name)));
  const controllers = join(folder, 'controllers');
  if (existsSync(controllers)) {
    withdrawControllers(readFileSync(controllers, 'utf8').split('\n').filter(Boolean));
  }
  const what = options.keepFolder === true ? ['controllers', 'cluster.json'] : [''];
  for (const name of what) await run('rm', ['-rf', '--one-file-system', join(folder, name)]);
}
