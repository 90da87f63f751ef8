/** What the agent's command line tells of node-a, with the names that Kubernetes has. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Topology } from '../../../src/model/topology.ts';
import { agent } from '../../lab/observe.ts';
import { nodeNamespace } from '../cluster.ts';
import type { Cluster } from '../cluster.ts';
import { kubectl } from '../kubectl.ts';

export const NODE = 'node-a';

/** @returns path of a file with what Kubernetes knows now */
export async function inventoryFile(cluster: Cluster): Promise<string> {
  const file = join(cluster.folder, `inventory-${process.pid}.json`);
  const kinds = 'pods,services,nodes,endpointslices';
  writeFileSync(file, await kubectl(cluster, ['get', kinds, '-A', '-o', 'json']));
  return file;
}

export function wiringNow(cluster: Cluster, inventory: string): Topology {
  const netns = nodeNamespace(cluster.id, NODE);
  const args = ['topology', '--netns', netns, '--inventory', inventory, '--node', NODE, '--output', 'json'];
  const { status, output, messages } = agent(args);
  if (status !== 0) throw new Error(`topology ended with ${String(status)}: ${messages}`);
  return JSON.parse(output) as Topology;
}
