/**
 * Who rows say that is at their ends, case by case, against what the cluster itself says, and the path of every kind of
 * conversation, point by point, against tshark. On the shared cluster and on one of another shape; `npm run test:shapes` takes
 * all shapes, with kube-proxy in both modes, Cilium also without.
 */
import assert from 'node:assert/strict';
import { runCases } from './cases/runCases.ts';
import { SHAPES } from './cluster.ts';
import type { Cluster, ProxyMode, Shape } from './cluster.ts';
import { assertPaths } from './flowPaths/assertPaths.ts';
import { useCluster } from './sharedCluster.ts';
import { startCluster } from './start.ts';
import { stopCluster } from './stop.ts';

/** What Cilium translates itself is the same with each mode of kube-proxy. */
const modesOf = (shape: Shape): readonly ProxyMode[] =>
  shape === 'cilium' ? ['iptables', 'none'] : ['iptables', 'nftables'];
const ALL = SHAPES.flatMap((shape) => modesOf(shape).map((mode): [Shape, ProxyMode] => [shape, mode]));
/** Beside the shared cluster's. */
const TAKES_ALL = process.env.VETHSCOPE_SHAPES === 'all';
const OTHERS: readonly [Shape, ProxyMode][] = TAKES_ALL
  ? ALL.filter(([shape, mode]) => shape !== 'hostgw' || mode !== 'iptables')
  : [['vxlan', 'nftables']];

async function assertRight(cluster: Cluster): Promise<void> {
  const table = await runCases(cluster);
  console.log(table.text(`${cluster.shape}, kube-proxy ${cluster.proxyMode}`));
  assert.deepEqual(table.faults, []);
}

describe('names and paths on the cluster', function () {
  this.timeout(240_000);
  const cluster = useCluster();

  it('names are right at both ends, in every case', async () => {
    await assertRight(cluster());
  });

  it('paths are right for every kind of conversation', async () => {
    await assertPaths(cluster());
  });
});

describe('names and paths on a cluster of another shape', () => {
  const name = `cases-${process.pid}`;

  for (const [shape, proxyMode] of OTHERS) {
    describe(`${shape} with ${proxyMode}`, function () {
      this.timeout(240_000);
      let cluster: Cluster;

      before(async function () {
        this.timeout(60 * 60_000); // the first time, flannel and Cilium are built
        cluster = await startCluster({ name, shape, proxyMode });
      });

      after(async () => {
        await stopCluster({ name });
      });

      it('names are right at both ends, in every case', async () => {
        await assertRight(cluster);
      });

      it('paths are right for every kind of conversation', async () => {
        await assertPaths(cluster);
      });
    });
  }
});
