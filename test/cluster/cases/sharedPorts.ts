/** Ports that two pods of a node share by SO_REUSEPORT: whose a datagram was nobody can say. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster.ts';
import { addressOf, nodeNamespace } from '../cluster.ts';
import type { ClusterState } from './clusterState.ts';
import { settled, shownRow } from './connections.ts';
import { SHARED_UDP_PORT, SHARING_PODS } from './hostPods.ts';
import { fault } from './judge.ts';
import type { Fault } from './judge.ts';
import type { Observers } from './observers.ts';
import type { RowEnd } from './observedRows.ts';
import { inContainer, spawnAt } from './place.ts';
import type { Place } from './place.ts';
import type { Sockets } from './sockets.ts';
import { shownText } from './shown.ts';
import type { CaseTable, Line } from './table.ts';
import type { Talks } from './talk.ts';

const DATAGRAMS = 5;
/** Nobody listens there, and nobody answers. */
const SINK_PORT = 19_500;

export async function comparePortsShared(
  cluster: Cluster,
  namespace: string,
  talks: Talks,
  context: { state: ClusterState; sockets: Sockets; observers: Observers; table: CaseTable },
): Promise<void> {
  const { state, sockets, observers, table } = context;
  const nodeA = addressOf(cluster, 'node-a');
  const webB = state.podNamed(namespace, 'web-b').status.podIPs?.[0]?.ip ?? '';
  const [toShared, fromShared] = [talks.nextPort(), talks.nextPort()];
  const send = (from: Place, address: string, port: number, own: number): Promise<void> =>
    sendDatagrams(cluster, namespace, from, `${address}:${port},sourceport=${own},reuseport`);
  await Promise.all([
    send(inContainer('client-a', 'client'), nodeA, SHARED_UDP_PORT, toShared),
    ...SHARING_PODS.map((pod) => send(inContainer(pod, 'agent'), webB, SINK_PORT, fromShared)),
  ]);
  const owners = SHARING_PODS.map((pod) => `${namespace}/${pod}`);
  const receivers = await sockets.receivers(nodeNamespace(cluster.id, 'node-a'), SHARED_UDP_PORT);
  const meaning = SHARING_PODS.every((pod) => receivers.includes(`pod ${namespace}/${pod}/agent`))
    ? []
    : [fault('other', `ss says that ${receivers.join(', ') || 'nobody'} takes what comes to the port`)];
  const line = (name: string, own: number, pick: 'client' | 'server'): Line => {
    const row =
      observers.of('node-a').rows.find((each) => each.protocol === 'udp' && each.client.port === own) ?? null;
    return {
      name,
      agent: 'node-a',
      expected: `the ${pick} is one of ${owners.join(' | ')}`,
      ...shownRow(row),
      faults: row === null ? [fault('missing', 'no row')] : [...meaning, ...undecided(row[pick], owners)],
    };
  };
  const lines = await settled(() => [
    line('datagrams to a port that two hostNetwork pods share', toShared, 'server'),
    line('datagrams from a port that two hostNetwork pods share', fromShared, 'client'),
  ]);
  for (const each of lines) table.add(each);
}

async function sendDatagrams(
  cluster: Cluster,
  namespace: string,
  from: Place,
  target: string,
): Promise<void> {
  const child = spawnAt(cluster, namespace, from, ['socat', '-u', '-', `UDP4-SENDTO:${target}`]);
  const ended = once(child, 'exit');
  for (let sent = 0; sent < DATAGRAMS; sent += 1) {
    child.stdin.write('datagram\n');
    await sleep(300);
  }
  child.stdin.end();
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`sending datagrams to ${target} ended with ${String(code)}`);
}

/** Names nobody, and gives all who may be meant. */
function undecided(end: RowEnd, owners: readonly string[]): Fault[] {
  if (end.name !== null && end.kind !== 'node') {
    return [fault('guessed as certain', `${shownText(end)} although two could be meant`)];
  }
  const missing = owners.filter((owner) => !end.candidates.some((candidate) => candidate.startsWith(owner)));
  return missing.map((owner) => fault('unnamed', `${owner} is not among the candidates`));
}
