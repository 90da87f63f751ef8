/** A short run of `npm run soak -- --cluster`: on both nodes every packet is accounted for while pods come and go. */
import assert from 'node:assert/strict';
import { soakCluster } from '../conservation/clusterSoak.ts';
import { useShop } from './sharedCluster.ts';

describe('conservation on the cluster', function () {
  this.timeout(300_000);
  const cluster = useShop();

  it('on both nodes, under mixed load while pods come and go', async () => {
    const reports = await soakCluster(cluster(), {
      seconds: 30,
      perSecond: 100,
      burst: 20_000,
      interval: 100,
    });
    for (const { text, faults } of reports) {
      assert.deepEqual(faults, [], text);
      assert.match(text, /come and go [1-9]/);
    }
  });
});
