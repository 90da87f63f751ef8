/**
 * Under Cilium, whose programs translate what pods ask of a Service: conntrack(8) lists nothing of it, so rows cannot be
 * joined. They must name nobody wrongly all the same, and the agent must say what is lost.
 */
import assert from 'node:assert/strict';
import type { Agent } from '../../../src/session/types.ts';
import { NODES } from '../cluster.ts';
import type { Cluster } from '../cluster.ts';
import { makeNamespace } from '../kube/support.ts';
import { poll } from '../poll.ts';
import { auditDirections, auditDoubles, auditNames } from './audit.ts';
import type { ClusterState } from './clusterState.ts';
import type { ObservedRows } from './observedRows.ts';
import { observeNodes } from './observers.ts';
import type { Observers } from './observers.ts';
import { inContainer } from './place.ts';
import { openWorkloads } from './runCases.ts';
import { shownName } from './shown.ts';
import { Talks } from './talk.ts';
import { listConnections } from './tracked.ts';

export async function runCiliumCases(cluster: Cluster): Promise<void> {
  const created = await makeNamespace(cluster);
  const namespace = created.name;
  const talks = new Talks(cluster, namespace);
  let observers: Observers | null = null;
  try {
    const state = await openWorkloads(cluster, namespace);
    observers = await observeNodes(cluster, namespace);
    for (const node of NODES) assertSaid(observers.checks(node));
    const { clusterIP = '' } = state.service(namespace, 'far').spec;
    const { port } = await talks.open(inContainer('client-a', 'client'), clusterIP, 80, 100_000);
    assertUntracked(cluster, clusterIP, port);
    await assertBothRows(observers.of('node-a'), namespace, port);
    await state.read();
    for (const node of NODES) assertNoFaults(cluster, observers.of(node), state);
  } finally {
    await talks.closeAll();
    await observers?.stop();
    await created.remove();
  }
}

function assertSaid(checks: Agent['checks']): void {
  const check = checks.find(({ name }) => name === 'service-nat');
  assert.equal(check?.available, false, 'the agent does not say that Cilium is there');
  assert.match(check.effect, /not in the connection tracking/);
}

/** Else it could be joined. */
function assertUntracked(cluster: Cluster, clusterIP: string, port: number): void {
  const listed = [...listConnections(cluster).values()].flat();
  const found = listed.filter(
    ({ original }) => original.sourcePort === port && original.destination === clusterIP,
  );
  assert.deepEqual(found, []);
}

/** As asked before the translation, and as answered after it. */
async function assertBothRows(observed: ObservedRows, namespace: string, port: number): Promise<void> {
  const client = `pod ${namespace}/client-a/client`;
  const expected = [`${client} → pod ${namespace}/web-b/web`, `${client} → service ${namespace}/far`];
  const shown = (): string[] =>
    observed.rows
      .filter((row) => row.protocol === 'tcp' && row.client.port === port)
      .map((row) => `${shownName(row.client)} → ${shownName(row.server)}`)
      .sort();
  await poll('both rows', () => shown().length === expected.length, { timeout: 10_000 });
  assert.deepEqual(shown(), expected);
}

function assertNoFaults(cluster: Cluster, observed: ObservedRows, state: ClusterState): void {
  const tracked = listConnections(cluster).get(observed.agent) ?? [];
  const faults = [
    ...auditNames(observed, state),
    ...auditDirections(observed, tracked),
    ...auditDoubles(observed),
  ];
  assert.deepEqual(faults, []);
  console.log(
    `      ${observed.rows.length} rows of the agent of ${observed.agent}: no wrong name, none twice`,
  );
}
