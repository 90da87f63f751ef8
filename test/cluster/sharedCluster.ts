/** For mocha suites: the cluster that they share. */
import { openShop } from './shop.ts';
import type { Cluster } from './cluster.ts';
import { startCluster } from './start.ts';

/**
 * Brings the cluster (hostgw, iptables) up before the suite, unless it is up already. It stays up for the next suite and
 * the next run; `npm test` takes its own one down at the end, and by hand `npm run cluster:down` does.
 * @returns gives the cluster, from the suite's first test on
 */
export function useCluster(): () => Cluster {
  let cluster: Cluster | undefined;
  before(async function () {
    this.timeout(30 * 60_000); // the first time, binaries are built
    cluster = await startCluster();
  });
  return () => {
    if (cluster === undefined) {
      throw new Error('the cluster is there from the first test on, not while suites are described');
    }
    return cluster;
  };
}

/** {@link useCluster}, with the shop open. */
export function useShop(): () => Cluster {
  const cluster = useCluster();
  before(async function () {
    this.timeout(90_000);
    await openShop(cluster());
  });
  return cluster;
}
