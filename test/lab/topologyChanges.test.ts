/** Each change of the wiring is told by the kernel, and the topology shows it soon: nobody waits for the next full read. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { loadPayload } from '../../agent/src/collector/addon.ts';
import { InventoryStore } from '../../agent/src/identity/inventoryStore.ts';
import { readInventoryFile } from '../../agent/src/identity/inventoryFile.ts';
import { connect } from '../../agent/src/server/testClient.fixture.ts';
import type { TestClient } from '../../agent/src/server/testClient.fixture.ts';
import { TopologyReader } from '../../agent/src/topology/topologyReader.ts';
import type { Topology } from '../../src/model/topology.ts';
import { netnsPath, until } from './commands.ts';
import { Lab } from './lab.ts';
import { portOf, serveArguments, TOKEN } from './servedAgent.ts';
import { furtherPod, silentChanges, wiringChanges } from './wiringChanges.ts';

const PATIENCE = 5;

describe('a change of the wiring', function () {
  this.timeout(180_000);
  let lab: Lab;

  beforeEach(async () => {
    lab = await Lab.build();
    lab.expectNamespaces([furtherPod(lab)]);
  });

  afterEach(async () => {
    await lab.close();
  });

  it('is read by the kernel’s event alone, each, without another full read', async () => {
    const { addon } = loadPayload();
    const node = new addon.NetworkNamespace(netnsPath(lab.plan.node.netns));
    const pods = new InventoryStore();
    pods.update({ reset: true, upserts: readInventoryFile(lab.inventory), deletedUids: [] }, Date.now());
    const reader = new TopologyReader({
      addon,
      node: lab.plan.node.name,
      watched: () => [node],
      pods,
      isAttached: () => true,
    });
    const watch = node.watch((change) => reader.changed(node.inode, change));
    try {
      reader.read();
      for (const change of wiringChanges(lab)) {
        change.make();
        await until(change.what, PATIENCE, () => (change.shows(reader.readChanged()) ? true : null));
      }
      // What was read piece by piece is what is there.
      const pieces = withoutStatistics(reader.readChanged());
      assert.deepEqual(pieces, withoutStatistics(reader.read()));
    } finally {
      watch.close();
      node.close();
    }
  });

  it('is told to who follows the topology of a running agent', async () => {
    const agent = spawn(process.execPath, serveArguments(lab), { stdio: ['ignore', 'pipe', 'inherit'] });
    const client = connect(await portOf(agent), TOKEN);
    try {
      const told = follow(client);
      await until('the first topology', 20, () => told());
      const times: string[] = [];
      for (const change of [...wiringChanges(lab), ...silentChanges(lab)]) {
        change.make();
        const begin = performance.now();
        await until(change.what, PATIENCE, () => {
          const topology = told();
          return topology !== null && change.shows(topology) ? true : null;
        });
        times.push(`${(performance.now() - begin).toFixed(0).padStart(5)} ms  ${change.what}`);
      }
      console.log(times.join('\n'));
    } finally {
      client.close();
      await end(agent);
    }
  });
});

/** @returns what was told last, null before the first */
function follow({ agent }: TestClient): () => Topology | null {
  let last: Topology | null = null;
  const read = async (): Promise<void> => {
    for await (const { topologyJson } of agent.streamTopology({})) {
      last = JSON.parse(topologyJson) as Topology;
    }
  };
  read().catch(() => {
    // The test ends the connection; a stream that breaks before leaves the last topology, on which the test waits in vain.
  });
  return () => last;
}

async function end(agent: ChildProcess): Promise<void> {
  agent.kill('SIGINT');
  if (agent.exitCode === null && agent.signalCode === null) await once(agent, 'exit');
}

function withoutStatistics(topology: Topology): unknown {
  return {
    ...topology,
    namespaces: [...topology.namespaces]
      .sort((a, b) => a.inode - b.inode)
      .map((namespace) => ({
        ...namespace,
        neighbours: [],
        interfaces: namespace.interfaces.map((link) => ({ ...link, statistics: null })),
      })),
  };
}
