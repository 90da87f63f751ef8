import assert from 'node:assert/strict';
import type { Cluster } from '../cluster.ts';
import { goldenPaths } from './pathTable.ts';
import { runPaths } from './runPaths.ts';

/** Counts, reasons and texts of the paths on a cluster. */
export async function assertPaths(cluster: Cluster): Promise<void> {
  const table = await runPaths(cluster);
  console.log(table.text(`${cluster.shape}, kube-proxy ${cluster.proxyMode}`));
  assert.deepEqual(table.faults, []);
  for (const golden of table.goldens) {
    const text = table.goldenText(golden);
    assert.equal(text, goldenPaths(golden, text), golden);
  }
}
