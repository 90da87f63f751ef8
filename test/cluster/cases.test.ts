/** Who rows say that is at their ends, case by case, against what the cluster itself says. */
import assert from 'node:assert/strict';
import { runCases } from './cases/runCases.ts';
import { useCluster } from './sharedCluster.ts';

describe('names on the cluster', function () {
  this.timeout(180_000);
  const cluster = useCluster();

  it('are right at both ends, in every case', async () => {
    const table = await runCases(cluster());
    console.log(table.text(`${cluster().shape}, kube-proxy ${cluster().proxyMode}`));
    assert.deepEqual(table.faults, []);
  });
});
