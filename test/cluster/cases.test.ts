/**
 * Who rows say that is at their ends, case by case, against what the cluster itself says. On the shared cluster and on
 * one of another shape; `npm run test:shapes` takes all shapes, with kube-proxy in both modes.
 */
import assert from 'node:assert/strict';
import { runCases } from './cases/runCases.ts';
import { PROXY_MODES, SHAPES } from './cluster.ts';
import type { Cluster, ProxyMode, Shape } from './cluster.ts';
import { useCluster } from './sharedCluster.ts';
import { startCluster } from './start.ts';
import { stopCluster } from './stop.ts';

const ALL = SHAPES.flatMap((shape) => PROXY_MODES.map((mode): [Shape, ProxyMode] => [shape, mode]));
/** Beside the shared cluster's. */
const OTHERS: readonly [Shape, ProxyMode][] =
  process.env.VETHSCOPE_SHAPES === 'all'
    ? ALL.filter(([shape, mode]) => shape !== 'hostgw' || mode !== 'iptables')
    : [['vxlan', 'nftables']];

async function assertRight(cluster: Cluster): Promise<void> {
  const table = await runCases(cluster);
  console.log(table.text(`${cluster.shape}, kube-proxy ${cluster.proxyMode}`));
  assert.deepEqual(table.faults, []);
}

describe('names on the cluster', function () {
  this.timeout(240_000);
  const cluster = useCluster();

  it('are right at both ends, in every case', async () => {
    await assertRight(cluster());
  });
});

describe('names on a cluster of another shape', function () {
  this.timeout(20 * 60_000); // the first time, flannel is built
  const name = `cases-${process.pid}`;
  afterEach(async () => {
    await stopCluster({ name });
  });

  for (const [shape, proxyMode] of OTHERS) {
    it(`are right as ${shape} with ${proxyMode}`, async () => {
      await assertRight(await startCluster({ name, shape, proxyMode }));
    });
  }
});
