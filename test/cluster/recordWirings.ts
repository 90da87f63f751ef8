/**
 * `node test/cluster/recordWirings.ts [shape…]` records what the agent tells of node-a with the shop open, in each shape
 * of the pod network, for the tests and pictures of what is computed from it: src/model/recordings/wiring-<shape>.json.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SHAPES } from './cluster.ts';
import type { Cluster } from './cluster.ts';
import { inNode } from './inNode.ts';
import { kubectl } from './kubectl.ts';
import { openShop } from './shop.ts';
import { startCluster } from './start.ts';
import { stopCluster } from './stop.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const FOLDER = join(ROOT, 'src/model/recordings');
const AGENT = join(ROOT, 'dist/agent/agent.cjs');

const name = `record-${process.pid}`;
const asked = process.argv.slice(2);
mkdirSync(FOLDER, { recursive: true });
for (const shape of SHAPES.filter((one) => asked.length === 0 || asked.includes(one))) {
  const cluster = await startCluster({ name, shape });
  try {
    await openShop(cluster);
    writeFileSync(join(FOLDER, `wiring-${shape}.json`), `${await wiring(cluster)}\n`);
  } finally {
    await stopCluster({ name });
  }
}

async function wiring(cluster: Cluster): Promise<string> {
  const inventory = join(cluster.folder, 'inventory.json');
  const kinds = 'pods,services,nodes,endpointslices';
  writeFileSync(inventory, await kubectl(cluster, ['get', kinds, '-A', '-o', 'json']));
  const args = ['topology', '--node', 'node-a', '--inventory', inventory, '--output', 'json'];
  const told = JSON.parse(await inNode(cluster, 'node-a', [process.execPath, AGENT, ...args])) as {
    namespaces: object[];
  };
  // Sockets come and go, and are no part of the wiring.
  const namespaces = told.namespaces.map((namespace) => ({ ...namespace, sockets: [] }));
  return JSON.stringify({ ...told, namespaces }, null, 1);
}
