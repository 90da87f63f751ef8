import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { allCgroups, clusterFolder, clusterId, controlPlaneCgroup, NODES, writeCluster } from './cluster.ts';
import type { Cluster, ProxyMode, Shape } from './cluster.ts';
import { killCgroup, processesOf } from './cgroups.ts';
import { kubectl } from './kubectl.ts';
import { differences, isAlive, machineState, namespacesOf } from './machineState.ts';
import type { MachineState } from './machineState.ts';
import { openPaths, paths } from './paths.ts';
import { startCluster } from './start.ts';
import { stopCluster } from './stop.ts';

const VARIANTS: readonly (readonly [Shape, ProxyMode])[] = [
  ['hostgw', 'iptables'],
  ['vxlan', 'nftables'],
  ['ptp', 'iptables'],
];

/** Beside whatever cluster is up already. */
const name = `lifecycle-${process.pid}`;

/** What the cluster's processes are known by, read while they live. */
interface Marks {
  readonly processes: readonly string[];
  readonly namespaces: readonly string[];
}

function marksOf(): Marks {
  const processes = allCgroups(clusterId(name)).flatMap((group) => processesOf(group));
  return { processes, namespaces: [...new Set(processes.flatMap((pid) => namespacesOf(pid)))] };
}

/** Sections that only a cluster that escaped its namespaces would change. Others may change beside this test. */
const WHOLE = ['sysctls', 'folders', 'policy rules', 'nft rules', 'iptables rules'];

/** What is left of the cluster on the machine. */
async function leftovers(before: MachineState, marks: Marks): Promise<string[]> {
  const after = await machineState();
  const pick = (state: MachineState) =>
    Object.fromEntries(WHOLE.map((section) => [section, state[section] ?? []]));
  const lines = Object.values(after).flat();
  const hadAlready = new Set(Object.values(before).flat());
  return [
    ...marks.processes.filter((pid) => isAlive(pid)).map((pid) => `process ${pid}`),
    ...lines.filter((line) => line.includes(clusterId(name))),
    ...lines.filter((line) => marks.namespaces.includes(line) && !hadAlready.has(line)),
    ...differences(pick(before), pick(after)),
    ...[clusterFolder(clusterId(name))].filter((folder) => existsSync(folder)),
  ];
}

/** Ended processes leave a moment later. */
async function assertNothingLeft(before: MachineState, marks: Marks): Promise<void> {
  assert.ok(marks.processes.length > 10, 'the marks are of a running cluster');
  const end = Date.now() + 10_000;
  let found = await leftovers(before, marks);
  while (found.length > 0 && Date.now() < end) {
    await sleep(200);
    found = await leftovers(before, marks);
  }
  assert.deepEqual(found, []);
}

async function unansweredPaths(cluster: Cluster): Promise<string[]> {
  const results = await Promise.all(
    (await paths(cluster)).map(async ({ name: path, expected, request }) => {
      const answer = await request().catch(String);
      return answer.trim() === expected ? [] : [`${path}: ${answer}`];
    }),
  );
  return results.flat();
}

describe('a cluster from up to down', function () {
  this.timeout(180_000);
  let before: MachineState;
  beforeEach(async () => {
    before = await machineState();
  });
  afterEach(async () => {
    await stopCluster({ name });
  });

  for (const [shape, proxyMode] of VARIANTS) {
    it(`carries every path as ${shape} with ${proxyMode}, and leaves the machine as it was`, async () => {
      const cluster = await startCluster({ name, shape, proxyMode });
      await openPaths(cluster);
      assert.deepEqual(await unansweredPaths(cluster), []);
      const marks = marksOf();
      await stopCluster({ name });
      await assertNothingLeft(before, marks);
    });
  }

  it('is taken as it is when it is up in the wanted shape, and refused in another', async () => {
    const cluster = await startCluster({ name });
    assert.deepEqual(await startCluster({ name }), cluster);
    await assert.rejects(startCluster({ name, shape: 'vxlan' }), /is up as hostgw.*cluster:down/s);
  });

  it('replaces what a killed start left behind', async () => {
    const old = await startCluster({ name });
    writeCluster(old, 'starting');
    await killCgroup(controlPlaneCgroup(clusterId(name)));
    const cluster = await startCluster({ name, shape: 'vxlan' });
    assert.equal(cluster.folder, clusterFolder(clusterId(name)));
    const nodes = await kubectl(cluster, ['get', 'nodes', '--no-headers']);
    assert.equal(nodes.match(/ Ready /g)?.length, NODES.length);
    const marks = marksOf();
    await stopCluster({ name });
    await assertNothingLeft(before, marks);
  });
});
