/** Addresses that a pod gets right after another had them: each connection is of the pod of its time. */
import type { Cluster, NodeName } from '../cluster.ts';
import { TOOLS_IMAGE } from '../images/names.ts';
import { inNode } from '../inNode.ts';
import { applyManifest, kubectl } from '../kubectl.ts';
import { poll } from '../poll.ts';
import type { ClusterState } from './clusterState.ts';
import { factsOf, settled, shownRow, socketOf } from './connections.ts';
import { expectedRows } from './expected.ts';
import type { ExpectedRow } from './expected.ts';
import { fault, judge } from './judge.ts';
import type { Fault } from './judge.ts';
import type { Row } from './observedRows.ts';
import type { Observers } from './observers.ts';
import { inContainer } from './place.ts';
import type { Sockets } from './sockets.ts';
import type { CaseTable } from './table.ts';
import type { Talk, Talks } from './talk.ts';
import { listConnections, pathOf } from './tracked.ts';

/** Where the pods of these cases run. */
const NODE: NodeName = 'node-b';
const PORT = 8080;
const LONG = { timeout: 30_000, interval: 50 };
/** Where the CNI's host-local plugin keeps a file for each address that is taken. */
const TAKEN = '/var/lib/cni/networks';

interface Watched {
  readonly name: string;
  readonly rows: readonly ExpectedRow[];
  readonly faults: readonly Fault[];
}

interface Context {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly talks: Talks;
  readonly state: ClusterState;
  readonly sockets: Sockets;
  readonly observers: Observers;
  readonly table: CaseTable;
}

export async function compareReuse(context: Context): Promise<void> {
  const watched = [...(await deletedPod(context)), ...(await finishedJob(context))];
  const { observers, table } = context;
  const lines = await settled(() =>
    watched.flatMap(({ name, rows, faults }) =>
      rows.map((expected) => {
        const verdict = judge(expected, observers.of(expected.agent));
        return {
          name,
          agent: expected.agent,
          expected: `${expected.client.name} → ${expected.server.name}`,
          ...shownRow(verdict.row),
          faults: [...faults, ...verdict.faults.filter((each) => !isLeftOpen(each, expected, verdict.row))],
        };
      }),
    ),
  );
  for (const line of lines) table.add(line);
}

/** Both who had the address and who got it may be given, where one followed the other within the API's whole seconds. */
function isLeftOpen({ kind }: Fault, { client, server }: ExpectedRow, row: Row | null): boolean {
  const ends = [
    [client.name, row?.client.candidates],
    [server.name, row?.server.candidates],
  ] as const;
  return (
    kind === 'unnamed' &&
    ends.some(([name, candidates = []]) => candidates.some((one) => name === `pod ${one}/web`))
  );
}

/** A pod is asked, is deleted, and another one with its address asks and is asked. */
async function deletedPod(context: Context): Promise<Watched[]> {
  const { cluster, namespace, talks } = context;
  const { address } = await startPod(context, 'first');
  const toFirst = await talks.open(inContainer('client-a', 'client'), address, PORT);
  const first = await watch(context, 'pod that is deleted', toFirst);
  await toFirst.close();
  await kubectl(cluster, ['-n', namespace, 'delete', 'pod', 'first', '--wait=false']);
  await freed(cluster, address);
  const gone = performance.now();
  return [first, ...(await successor(context, 'second', address, 'a deleted pod', gone))];
}

/** A Job's pod asks and finishes: it keeps its address in the API, and another pod has it. */
async function finishedJob(context: Context): Promise<Watched[]> {
  const { cluster, namespace, talks, state } = context;
  const port = talks.nextPort();
  const web = state.podNamed(namespace, 'web-a').status.podIPs?.[0]?.ip ?? '';
  const script = `(echo hello; sleep 1) | socat - TCP4:${web}:${PORT},sourceport=${port}`;
  const container = { name: 'worker', image: TOOLS_IMAGE, imagePullPolicy: 'Never' };
  const template = {
    nodeName: NODE,
    serviceAccountName: 'cases',
    restartPolicy: 'Never',
    containers: [{ ...container, command: ['sh', '-c', script] }],
  };
  const job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'once', namespace },
    spec: { backoffLimit: 0, template: { spec: template } },
  };
  await applyManifest(cluster, JSON.stringify(job));
  const wait = ['wait', '--for=condition=Complete', 'job/once', '--timeout=30s'];
  await kubectl(cluster, ['-n', namespace, ...wait], { timeout: 35_000 });
  await state.read();
  const pod = state.podWithPrefix(namespace, 'once-');
  const address = pod.status.podIPs?.[0]?.ip ?? '';
  const path = pathOf(listConnections(cluster), {
    source: address,
    sourcePort: port,
    destination: web,
    destinationPort: PORT,
  });
  const names = {
    client: `pod ${namespace}/${pod.metadata.name}/worker`,
    server: `pod ${namespace}/web-a/web`,
  };
  const faults = path.views.length === 0 ? [fault('other', 'conntrack has no connection of the Job')] : [];
  const ofJob = {
    name: 'pod of a Job that finishes',
    rows: expectedRows({ ...names, path }, state, namespace),
    faults,
  };
  await freed(cluster, address);
  return [ofJob, ...(await successor(context, 'heir', address, 'a finished Job', performance.now()))];
}

/** @param gone when the address was free @param whose who had it */
async function successor(
  context: Context,
  pod: string,
  address: string,
  whose: string,
  gone: number,
): Promise<Watched[]> {
  const { cluster, talks } = context;
  await giveNext(cluster, address);
  const started = await startPod(context, pod);
  const seconds = (performance.now() - gone) / 1000;
  console.log(
    `      ${pod} was ready with the address of ${whose} ${seconds.toFixed(1)} s after that was free`,
  );
  const toPod = await talks.open(inContainer('client-a', 'client'), address, PORT);
  const faults =
    started.address === address ? [] : [fault('other', `it got ${started.address}, not ${address}`)];
  const asking = { from: inContainer(pod, 'web'), port: started.port };
  return [
    { ...(await watch(context, `pod with the address of ${whose}, at once`, asking)), faults },
    { ...(await watch(context, `pod to a pod with the address of ${whose}`, toPod)), faults },
  ];
}

async function watch(
  { cluster, namespace, state, sockets }: Context,
  name: string,
  talk: Pick<Talk, 'from' | 'port'>,
): Promise<Watched> {
  const facts = await factsOf(await socketOf(talk, sockets), sockets, listConnections(cluster));
  return { name, rows: expectedRows(facts, state, namespace), faults: [] };
}

/** A pod that answers, and whose first act is to ask web-a. @returns its address, and the port it asks from */
async function startPod(
  { cluster, namespace, talks, state }: Context,
  name: string,
): Promise<{ address: string; port: number }> {
  const port = talks.nextPort();
  const web = state.podNamed(namespace, 'web-a').status.podIPs?.[0]?.ip ?? '';
  const script = `sleep 1000 | socat - TCP4:${web}:${PORT},sourceport=${port} &
    exec socat TCP-LISTEN:${PORT},fork,reuseaddr PIPE`;
  const container = { name: 'web', image: TOOLS_IMAGE, imagePullPolicy: 'Never' };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      nodeName: NODE,
      serviceAccountName: 'cases',
      terminationGracePeriodSeconds: 0,
      containers: [{ ...container, command: ['sh', '-c', script] }],
    },
  };
  await applyManifest(cluster, JSON.stringify(pod));
  const wait = ['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=30s'];
  await kubectl(cluster, ['-n', namespace, ...wait], { timeout: 35_000 });
  await state.read();
  const address = state.podNamed(namespace, name).status.podIPs?.[0]?.ip ?? '';
  return { address, port };
}

/** Waits until the CNI has given the address back. */
async function freed(cluster: Cluster, address: string): Promise<void> {
  const list = ['sh', '-c', `ls ${TAKEN}/*/${address} 2>/dev/null || true`];
  await poll(`${address} to be free`, async () => (await inNode(cluster, NODE, list)) === '', LONG);
}

/** host-local takes the next address after the last one that it gave. */
async function giveNext(cluster: Cluster, address: string): Promise<void> {
  const numbers = address.split('.').map(Number);
  const before = [...numbers.slice(0, 3), (numbers[3] ?? 1) - 1].join('.');
  const write = `for file in ${TAKEN}/*/last_reserved_ip.0; do printf %s ${before} >"$file"; done`;
  await inNode(cluster, NODE, ['sh', '-c', write]);
}
