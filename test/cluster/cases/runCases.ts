/** Runs the whole table on a cluster: opens who talks, observes both nodes, and compares. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from '../../lab/truth/connections.ts';
import { NODES } from '../cluster.ts';
import type { Cluster } from '../cluster.ts';
import { TOOLS_IMAGE } from '../images/names.ts';
import { makeNamespace } from '../kube/support.ts';
import { applyManifest, kubectl } from '../kubectl.ts';
import { waitForPods } from '../pods.ts';
import { poll } from '../poll.ts';
import { compareReuse } from './addressReuse.ts';
import { auditDirections, auditDoubles, auditNames } from './audit.ts';
import { ClusterState } from './clusterState.ts';
import { connectionCases, OUTSIDE_PORT } from './connectionCases.ts';
import { compareAll, openAll, socketOf } from './connections.ts';
import { openHostPods } from './hostPods.ts';
import { observeNodes } from './observers.ts';
import type { ObservedRows } from './observedRows.ts';
import type { Observers } from './observers.ts';
import { OUTSIDE, spawnAt } from './place.ts';
import { compareProbes } from './probes.ts';
import { comparePortsShared } from './sharedPorts.ts';
import { Sockets } from './sockets.ts';
import { CaseTable } from './table.ts';
import { Talks } from './talk.ts';
import { listConnections } from './tracked.ts';

export async function runCases(cluster: Cluster): Promise<CaseTable> {
  const namespace = await makeNamespace(cluster);
  const talks = new Talks(cluster, namespace.name);
  const listen = ['socat', `TCP-LISTEN:${OUTSIDE_PORT},fork,reuseaddr`, 'PIPE'];
  const outside = spawnAt(cluster, namespace.name, OUTSIDE, listen);
  let observers: Observers | null = null;
  try {
    const state = await openWorkloads(cluster, namespace.name);
    const sockets = new Sockets(cluster, state, namespace.name);
    const cases = connectionCases(cluster, state, namespace.name);
    const older = await openAll(
      talks,
      cases.filter((each) => each.older),
    );
    observers = await observeNodes(cluster, namespace.name);
    const before = listConnections(cluster);
    const known = await Promise.all(
      older.map(async (each) => ({ ...each, before: await socketOf(each.talk, sockets) })),
    );
    const open = await openAll(
      talks,
      cases.filter((each) => !each.older),
    );
    const table = new CaseTable();
    const context = { cluster, namespace: namespace.name, talks, state, sockets, observers, table };
    await compareAll(cluster, namespace.name, [...open, ...known], context);
    await comparePortsShared(cluster, namespace.name, talks, context);
    // Cilium gives addresses out by itself: which one is next cannot be chosen.
    if (cluster.shape !== 'cilium') await compareReuse(context);
    await compareProbes(cluster, namespace.name, before, context);
    await talks.closeAll();
    await sleep(1_000);
    await state.read();
    const tracked = listConnections(cluster);
    for (const node of NODES) addAudit(table, observers.of(node), tracked.get(node) ?? [], state);
    return table;
  } finally {
    await talks.closeAll();
    outside.kill();
    await observers?.stop();
    await namespace.remove();
  }
}

/** Pods and Services of the cases, ready. */
export async function openWorkloads(cluster: Cluster, namespace: string): Promise<ClusterState> {
  await earlierGone(cluster);
  const manifest = readFileSync(join(import.meta.dirname, '../manifests/cases.yaml'), 'utf8');
  const values = { NAMESPACE: namespace, TOOLS_IMAGE };
  await applyManifest(cluster, manifest, values);
  await openHostPods(cluster, namespace);
  await waitForPods(cluster, namespace, 'part-of=cases');
  const state = new ClusterState(cluster);
  await state.read();
  return state;
}

/** Ports of a node that a pod takes are refused to another until it is gone. */
async function earlierGone(cluster: Cluster): Promise<void> {
  const list = ['get', 'pods', '-A', '-l', 'part-of=cases', '-o', 'name'];
  const isGone = async (): Promise<boolean> => (await kubectl(cluster, list)).trim() === '';
  await poll('pods of earlier cases to be gone', isGone, { timeout: 60_000 });
}

function addAudit(
  table: CaseTable,
  observed: ObservedRows,
  tracked: readonly Connection[],
  state: ClusterState,
): void {
  table.add({
    name: `all ${observed.rows.length} rows`,
    agent: observed.agent,
    expected:
      'each pod that is named is one that the API has with this address; no connection twice, none turned round',
    shown: '',
    evidence: '',
    faults: [
      ...auditNames(observed, state),
      ...auditDirections(observed, tracked),
      ...auditDoubles(observed),
    ],
  });
}
