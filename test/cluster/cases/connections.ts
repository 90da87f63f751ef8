/** Opens the connections of the table, and compares each with what both agents say of it. */
import type { Cluster } from '../cluster.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { compareBytes, sumOfBytes, wireBytes } from './bytes.ts';
import type { WireBytes } from './bytes.ts';
import type { ClusterState } from './clusterState.ts';
import type { ConnectionCase } from './connectionCases.ts';
import { expectedRows } from './expected.ts';
import type { ExpectedRow, Facts } from './expected.ts';
import { judge, rowsOf, serviceName, natText, fault } from './judge.ts';
import type { Fault } from './judge.ts';
import type { Observers } from './observers.ts';
import type { Row } from './observedRows.ts';
import { shownText } from './shown.ts';
import type { SocketFacts, Sockets } from './sockets.ts';
import type { CaseTable, Line } from './table.ts';
import type { Talk, Talks } from './talk.ts';
import { listConnections, pathOf } from './tracked.ts';
import { NODES } from '../cluster.ts';

export interface OpenCase {
  readonly about: ConnectionCase;
  readonly talk: Talk;
  /** Its socket when the session had begun. */
  readonly before: SocketFacts | null;
}

/** What the cluster says of an open connection. */
interface Compared {
  readonly each: OpenCase;
  readonly bytes: WireBytes | null;
  readonly expected: readonly ExpectedRow[];
  readonly faults: readonly Fault[];
}

/** More than a buffer of segmentation offload, both ways. */
const BYTES = 100_000;
/** The last acknowledgement may be delayed by 200 ms. */
const DELAYED = 400;
/** Milliseconds until what is still at fault stays so. */
const SETTLING = 10_000;

export async function openAll(talks: Talks, cases: readonly ConnectionCase[]): Promise<OpenCase[]> {
  return await Promise.all(
    cases.map(async (about) => ({
      about,
      talk: await talks.open(about.from, about.host, about.port),
      before: null,
    })),
  );
}

/** Talks on every connection and adds what came of it to the table. */
export async function compareAll(
  cluster: Cluster,
  namespace: string,
  open: readonly OpenCase[],
  context: { state: ClusterState; sockets: Sockets; observers: Observers; table: CaseTable },
): Promise<void> {
  const { state, sockets, observers, table } = context;
  await Promise.all(open.map(({ talk }) => talk.exchange(BYTES)));
  await sleep(DELAYED);
  const listing = listConnections(cluster);
  const compared: Compared[] = [];
  for (const each of open) {
    const socket = await socketOf(each.talk, sockets);
    const facts = withAsked(each.about, await factsOf(socket, sockets, listing), cluster, state, namespace);
    const expected = expectedRows(facts, state, namespace);
    const bytes = wireBytes(socket, facts.answering, each.before);
    compared.push({ each, bytes, expected, faults: meaning(each.about, facts) });
  }
  const lines = (): Line[] =>
    compared.flatMap(({ each, bytes, expected, faults }) => [
      ...expected.map((row) => lineOf(each.about, bytes, row, observers, faults)),
      ...strayRows(each.about, expected, observers),
    ]);
  // Rows come a moment later, and names of sockets within some intervals more.
  for (const line of await settled(lines)) table.add(line);
  for (const node of NODES) {
    const counted = compared.flatMap(({ bytes, expected }) =>
      expected
        .filter(({ agent }) => agent === node)
        .map((each) => ({ row: judge(each, observers.of(node)).row, bytes })),
    );
    table.add(sumOfBytes(node, counted));
  }
}

/** Rows come a moment later, and names of sockets within some intervals more: asks until nothing is at fault. */
export async function settled(ask: () => readonly Line[]): Promise<readonly Line[]> {
  const end = Date.now() + SETTLING;
  for (;;) {
    const lines = ask();
    if (lines.every(({ faults }) => faults.length === 0) || Date.now() > end) return lines;
    await sleep(250);
  }
}

export async function socketOf(talk: Pick<Talk, 'from' | 'port'>, sockets: Sockets): Promise<SocketFacts> {
  const found = await sockets.connected(sockets.namespaceAt(talk.from), talk.port);
  if (found === null) throw new Error(`ss shows no connection from port ${talk.port}`);
  return found;
}

export async function factsOf(
  socket: SocketFacts,
  sockets: Sockets,
  listing: ReturnType<typeof listConnections>,
): Promise<Facts & { readonly answering: SocketFacts }> {
  const path = pathOf(listing, {
    source: socket.local.address,
    sourcePort: socket.local.port,
    destination: socket.peer.address,
    destinationPort: socket.peer.port,
  });
  const answering = await sockets.serverOf(path);
  return { client: sockets.ownerOf(socket), server: sockets.ownerOf(answering), path, answering };
}

/** Where Cilium connects a socket elsewhere than it asked, ss knows only where: what it asked is what the client was told. */
function withAsked<T extends Facts>(
  { from, host, port }: ConnectionCase,
  facts: T,
  { proxyMode }: Cluster,
  state: ClusterState,
  namespace: string,
): T {
  if (proxyMode !== 'none' || from.kind === 'outside') return facts;
  const node = from.kind === 'node' ? from.node : state.nodeOf(facts.client);
  const named = state.servicesOf(namespace).find(({ metadata }) => metadata.name === host);
  const destination = named === undefined ? host : (named.spec.clusterIP ?? '');
  if (!/^[\d.]+$/.test(destination)) return facts;
  const views = facts.path.views.map((view) =>
    view.node === node
      ? { ...view, original: { ...view.original, destination, destinationPort: port } }
      : view,
  );
  return { ...facts, path: { ...facts.path, views } };
}

/** Whether the connection is what the case is called. */
function meaning({ client, server }: ConnectionCase, facts: Facts): Fault[] {
  return [
    ...(client.test(facts.client) ? [] : [fault('other', `the cluster says the client is ${facts.client}`)]),
    ...(server.test(facts.server) ? [] : [fault('other', `the cluster says the server is ${facts.server}`)]),
  ];
}

function lineOf(
  about: ConnectionCase,
  bytes: WireBytes | null,
  tracked: ExpectedRow,
  observers: Observers,
  faults: readonly Fault[],
): Line {
  const expected = withAskedService(about, tracked, observers);
  const verdict = judge(expected, observers.of(expected.agent));
  const { row } = verdict;
  return {
    name: about.name,
    agent: expected.agent,
    expected: [
      `${expected.client.name} → ${expected.server.name}`,
      ...via(expected.service, expected.nat),
    ].join(', '),
    ...shownRow(row),
    faults: [
      ...faults,
      ...verdict.faults,
      ...(row && bytes ? compareBytes(row, bytes) : []),
      ...(row ? wrongOutsideName(about, row) : []),
    ],
  };
}

/** A Service without an address is told by its name, and the answer may pass the client's node alone. */
function withAskedService(
  { service }: ConnectionCase,
  expected: ExpectedRow,
  observers: Observers,
): ExpectedRow {
  if (service === undefined) return expected;
  const { row } = judge(expected, observers.of(expected.agent));
  const isOfClient = row?.client.node === expected.agent;
  return isOfClient || (row !== null && row.service !== null) ? { ...expected, service } : expected;
}

/** The name that the client asked for, by the answer that it got. */
function wrongOutsideName({ outsideName }: ConnectionCase, { server }: Row): Fault[] {
  if (outsideName === undefined) return [];
  const { names, evidence } = server;
  if (names.length === 0) return [fault('unnamed', 'the server has no name from DNS')];
  const isRight = names.some((name) => outsideName.test(name)) && evidence.includes('dns');
  return isRight ? [] : [fault('wrong name', `the server is ${names.join(', ')} by ${evidence.join('+')}`)];
}

export function shownRow(row: Row | null): Pick<Line, 'shown' | 'evidence'> {
  if (row === null) return { shown: 'nothing', evidence: '' };
  const nat = row.nat.map(natText);
  return {
    shown: [`${shownText(row.client)} → ${shownText(row.server)}`, ...via(serviceName(row), nat)].join(', '),
    evidence: `${row.client.evidence.join('+')} → ${row.server.evidence.join('+')}, initiator ${row.initiator}`,
  };
}

function via(service: string | null, nat: readonly string[]): string[] {
  return [...(service === null ? [] : [`asked ${service}`]), ...nat];
}

/** Rows of the connection at a node that it does not pass. */
function strayRows(about: ConnectionCase, expected: readonly ExpectedRow[], observers: Observers): Line[] {
  const tuples = expected.flatMap((row) => row.tuples);
  return NODES.filter((node) => expected.every(({ agent }) => agent !== node)).flatMap((node) =>
    rowsOf(observers.of(node), tuples).map((row) => ({
      name: about.name,
      agent: node,
      expected: 'nothing: conntrack does not list it there',
      ...shownRow(row),
      faults: [fault('other', 'a row of a connection that is not there')],
    })),
  );
}
