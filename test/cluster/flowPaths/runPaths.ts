/** Opens a conversation of each kind between captures and agents of both nodes, and compares their paths. */
import { setTimeout as sleep } from 'node:timers/promises';
import { OUTSIDE_PORT } from '../cases/connectionCases.ts';
import type { ClusterState } from '../cases/clusterState.ts';
import { inContainer, OUTSIDE, spawnAt } from '../cases/place.ts';
import { openWorkloads } from '../cases/runCases.ts';
import { Sockets } from '../cases/sockets.ts';
import { Talks } from '../cases/talk.ts';
import { listConnections } from '../cases/tracked.ts';
import { nodeNamespace, NODES } from '../cluster.ts';
import type { Cluster } from '../cluster.ts';
import { makeNamespace } from '../kube/support.ts';
import type { Captured } from './captures.ts';
import { Captures } from './captures.ts';
import { conversationOf } from './conversation.ts';
import type { Conversation } from './conversation.ts';
import type { JudgedPath } from './judge.ts';
import { judgePath } from './judge.ts';
import type { PathKind } from './kinds.ts';
import { kindsOfOneBridge, pathKinds } from './kinds.ts';
import { Neighbours } from './neighbours.ts';
import { NodeFacts } from './nodeFacts.ts';
import { PathSession } from './pathSession.ts';
import { PathTable } from './pathTable.ts';
import { placeholders } from './placeholders.ts';
import { compareBridge, whilePromiscuous } from './promiscuity.ts';

/** Pods that have a network of their own and are ends of the conversations. */
const PODS = ['client-a', 'client-b', 'web-a', 'web-b'];
/** One segment each: what is longer passes as one buffer, which tshark counts as one packet. */
const BYTES = 700;
const EXCHANGES = 3;
/** The last acknowledgement may be delayed by 200 ms. */
const DELAYED = 500;
/** Milliseconds until what is still at fault stays so. */
const SETTLING = 10_000;

export async function runPaths(cluster: Cluster): Promise<PathTable> {
  const namespace = await makeNamespace(cluster);
  const talks = new Talks(cluster, namespace.name);
  const listen = ['socat', `TCP-LISTEN:${OUTSIDE_PORT},fork,reuseaddr`, 'PIPE'];
  const outside = spawnAt(cluster, namespace.name, OUTSIDE, listen);
  let session: PathSession | null = null;
  try {
    const state = await openWorkloads(cluster, namespace.name);
    const sockets = new Sockets(cluster, state, namespace.name);
    session = await PathSession.start(cluster, namespace.name);
    const networks = new Map(
      PODS.map((pod) => [`${namespace.name}/${pod}`, sockets.namespaceAt(inContainer(pod, ''))]),
    );
    const place: Compared = { cluster, namespace: namespace.name, talks, sockets, session, state, networks };
    const table = new PathTable(await placeholders(cluster, state, namespace.name, networks));
    await compareAll(place, table);
    return table;
  } finally {
    await talks.closeAll();
    outside.kill();
    await session?.stop();
    await namespace.remove();
  }
}

interface Compared {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly talks: Talks;
  readonly sockets: Sockets;
  readonly session: PathSession;
  readonly state: ClusterState;
  /** Network namespaces of pods, by `NAMESPACE/POD`. */
  readonly networks: ReadonlyMap<string, string>;
}

async function compareAll(place: Compared, table: PathTable): Promise<void> {
  const { cluster, namespace, state } = place;
  const isCilium = cluster.shape === 'cilium';
  const hasBridge = cluster.shape !== 'ptp' && !isCilium;
  const kinds = pathKinds(cluster, state, namespace, hasBridge);
  if (!hasBridge) {
    // Without kube-proxy packets take other ways.
    const golden = isCilium ? `${cluster.shape}.${cluster.proxyMode}` : cluster.shape;
    table.add(golden, '', await compareKinds(kinds, place, () => Promise.resolve()));
    return;
  }
  const neighbours = new Neighbours(cluster, state, namespace);
  try {
    await compareBridged(kinds, place, neighbours, table);
  } finally {
    await neighbours.forget();
  }
}

async function compareBridged(
  kinds: readonly PathKind[],
  place: Compared,
  neighbours: Neighbours,
  table: PathTable,
): Promise<void> {
  const { cluster, session } = place;
  await neighbours.know();
  table.add(cluster.shape, '', await compareKinds(kinds, place, () => neighbours.forget()));
  if (cluster.shape !== 'hostgw') return;
  table.addFaults(compareBridge(session, 'none'));
  await neighbours.know();
  await whilePromiscuous(cluster, session, async () => {
    const judged = await compareKinds(kindsOfOneBridge(kinds), place, () => Promise.resolve());
    const golden = `${cluster.shape}.promiscuous.${cluster.proxyMode}`;
    table.add(golden, 'cni0 of node-a is promiscuous: ', judged);
    table.addFaults(compareBridge(session, 'all'));
  });
  table.addFaults(compareBridge(session, 'none'));
}

/** @param forget is called when all but those are open that are to be opened after it */
async function compareKinds(
  kinds: readonly PathKind[],
  compared: Compared,
  forget: () => Promise<void>,
): Promise<readonly JudgedPath[]> {
  const { cluster, state, session } = compared;
  const { conversations, captured } = await converse(kinds, compared, forget);
  const nodes = new Map(
    await Promise.all(NODES.map(async (node) => [node, await NodeFacts.read(cluster, node)] as const)),
  );
  const truth = { captured, nodes, state };
  const end = Date.now() + SETTLING;
  for (;;) {
    const judged = conversations.map((one) => judgePath(one, session.rowsOf(one.tuples), truth));
    if (judged.every(({ faults }) => faults.length === 0) || Date.now() > end) return judged;
    await sleep(250);
  }
}

/** Captures begin before the conversations do and end when nothing of these is under way. */
async function converse(
  kinds: readonly PathKind[],
  { cluster, talks, sockets, networks }: Compared,
  forget: () => Promise<void>,
): Promise<{ conversations: readonly Conversation[]; captured: readonly Captured[] }> {
  const open = async (those: readonly PathKind[]) => {
    const opened = await Promise.all(
      those.map(async (kind) => ({ kind, talk: await talks.open(kind.from, kind.host, kind.port, BYTES) })),
    );
    for (let times = 0; times < EXCHANGES; times += 1) {
      await Promise.all(opened.map(({ talk }) => talk.exchange(BYTES)));
    }
    await sleep(DELAYED);
    return opened;
  };
  const ofNodes = NODES.map((node): [string, string] => [node, nodeNamespace(cluster.id, node)]);
  const captures = await Captures.start(new Map([...ofNodes, ...networks]));
  const conversations: Conversation[] = [];
  try {
    const known = await open(kinds.filter(({ unconfirmed }) => unconfirmed !== true));
    await forget();
    const unknown = await open(kinds.filter(({ unconfirmed }) => unconfirmed === true));
    const listing = listConnections(cluster);
    for (const { kind, talk } of [...known, ...unknown]) {
      conversations.push(await conversationOf(kind, talk, sockets, listing));
    }
    return { conversations, captured: await captures.end() };
  } finally {
    captures.stop();
  }
}
