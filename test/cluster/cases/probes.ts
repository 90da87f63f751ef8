/** The kubelet's probes: short connections of a process of the node, from the bridge's address or the node's. */
import type { Cluster } from '../cluster.ts';
import type { ClusterState } from './clusterState.ts';
import { settled, shownRow } from './connections.ts';
import { fault, rowsOf } from './judge.ts';
import type { Fault } from './judge.ts';
import type { Observers } from './observers.ts';
import type { Row } from './observedRows.ts';
import { isNamed, shownName, shownText } from './shown.ts';
import type { CaseTable, Line } from './table.ts';
import { listConnections } from './tracked.ts';
import type { Listing } from './tracked.ts';

/** Of the pod `probed`; nothing else asks it. */
const PROBED_PORT = 8090;

/** @param before what was listed when the session began */
export async function compareProbes(
  cluster: Cluster,
  namespace: string,
  before: Listing,
  context: { state: ClusterState; observers: Observers; table: CaseTable },
): Promise<void> {
  const { state, observers, table } = context;
  const address = state.podNamed(namespace, 'probed').status.podIPs?.[0]?.ip ?? '';
  const probes = (listing: Listing): { key: string; port: number; source: string }[] =>
    (listing.get('node-a') ?? [])
      .filter(({ original }) => original.destination === address && original.destinationPort === PROBED_PORT)
      .map(({ original: { source, sourcePort } }) => ({
        key: `${source} ${sourcePort}`,
        port: sourcePort,
        source,
      }));
  const known = new Set(probes(before).map(({ key }) => key));
  const fresh = probes(listConnections(cluster)).filter(({ key }) => !known.has(key));
  const lines = (): Line[] => {
    const found = fresh.map(({ source, port }) =>
      rowsOf(observers.of('node-a'), [
        { source, sourcePort: port, destination: address, destinationPort: PROBED_PORT },
      ]),
    );
    const [first] = found.flat();
    return [
      {
        name: `${fresh.length} probes of the kubelet`,
        agent: 'node-a',
        expected: `process kubelet → pod ${namespace}/probed/probed`,
        ...shownRow(first ?? null),
        faults: fresh.length < 3 ? [fault('other', 'too few probes')] : found.flatMap(faultsOf),
      },
    ];
  };
  for (const line of await settled(lines)) table.add(line);
}

function faultsOf(rows: readonly Row[]): Fault[] {
  const [row, ...others] = rows;
  if (row === undefined) return [fault('missing', 'no row of a probe')];
  if (others.length > 0) return [fault('double', 'two rows of a probe')];
  const { client, server } = row;
  const isKubelet = ['process kubelet', 'process kubelet.service'].includes(shownName(client));
  return [
    ...(isNamed(client) && !isKubelet
      ? [fault('wrong name', `a probe is of ${shownText(client)}, not of the kubelet`)]
      : []),
    ...(isNamed(client) ? [] : [fault('unnamed', `the client of a probe is ${shownText(client)}`)]),
    ...(server.name === 'probed' ? [] : [fault('wrong name', `a probe is of the pod ${shownText(server)}`)]),
  ];
}
