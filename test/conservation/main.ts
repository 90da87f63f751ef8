/**
 * `npm run soak -- [--minutes N] [--offloads on|off] [--cluster] [--shape NAME]`: every packet that the kernel counted, at
 * every interface and direction, is in the agent's account, under mixed load while interfaces come and go. Prints the
 * account; ends with 1 when it does not balance. Needs Linux and root, and for --cluster what the cluster needs; one that
 * is up (VETHSCOPE_CLUSTER) is used and stays, otherwise one is started and taken down again.
 */
import { parseArgs } from 'node:util';
import { clusterName, readCluster, SHAPES } from '../cluster/cluster.ts';
import { closeShop, openShop } from '../cluster/shop.ts';
import { startCluster } from '../cluster/start.ts';
import { stopCluster } from '../cluster/stop.ts';
import { soakCluster } from './clusterSoak.ts';
import { soakLab } from './labSoak.ts';
import type { Report } from './report.ts';

/** The rate of new flows of each kind, and a burst that alone has 100,000 of them. */
const LOAD = { perSecond: 200, burst: 100_000, interval: 250 } as const;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    offloads: { type: 'string', default: 'on' },
    cluster: { type: 'boolean', default: false },
    shape: { type: 'string', default: 'hostgw' },
  },
});
const seconds = Number(values.minutes) * 60;
const shape = SHAPES.find((name) => name === values.shape);
if (!(seconds > 0) || !['on', 'off'].includes(values.offloads) || !shape) {
  console.error(
    `usage: npm run soak -- [--minutes N] [--offloads on|off] [--cluster] [--shape ${SHAPES.join('|')}]`,
  );
  process.exit(2);
}

async function onCluster(): Promise<Report[]> {
  const wasUp = readCluster()?.phase === 'up';
  const cluster = await startCluster({ shape: shape ?? 'hostgw', progress: (step) => console.error(step) });
  try {
    await openShop(cluster);
    try {
      return await soakCluster(cluster, { seconds, ...LOAD });
    } finally {
      if (wasUp) await closeShop(cluster);
    }
  } finally {
    if (!wasUp) await stopCluster({ name: clusterName() });
  }
}

const reports = values.cluster
  ? await onCluster()
  : [await soakLab({ seconds, offloads: values.offloads === 'on', ...LOAD })];
for (const { text } of reports) console.log(text);
process.exitCode = reports.some(({ faults }) => faults.length > 0) ? 1 : 0;
