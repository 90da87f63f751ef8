/** A bridge takes copies of the frames that it switches while it is promiscuous, and none otherwise: as its view says. */
import { interfaceView } from '../../../src/model/interfaceView/interfaceView.ts';
import { interfaceViewText } from '../../../src/model/interfaceView/interfaceViewText.ts';
import type { Cluster } from '../cluster.ts';
import { inNode } from '../inNode.ts';
import { poll } from '../poll.ts';
import type { PathFault } from './judge.ts';
import type { PathSession } from './pathSession.ts';

const NODE = 'node-a';
const BRIDGE = 'cni0';
const LONG = { timeout: 10_000 };

/** Does something while node-a's bridge is promiscuous and the agent knows it, and sets it back. */
export async function whilePromiscuous(
  cluster: Cluster,
  session: PathSession,
  act: () => Promise<void>,
): Promise<void> {
  const set = async (promiscuous: boolean): Promise<void> => {
    await inNode(cluster, NODE, ['ip', 'link', 'set', BRIDGE, 'promisc', promiscuous ? 'on' : 'off']);
    await poll(
      `the agent to know that ${BRIDGE} is ${promiscuous ? '' : 'not '}promiscuous`,
      () => bridgeOf(session).link.promiscuous === promiscuous,
      LONG,
    );
  };
  try {
    await set(true);
    await act();
  } finally {
    await set(false);
  }
}

/** What the bridge's interface view says of traffic between pods of the node. */
export function compareBridge(session: PathSession, expected: 'none' | 'all'): readonly PathFault[] {
  const { netns, link } = bridgeOf(session);
  const view = interfaceView(session.topology(NODE), netns, link.ifindex);
  const line = view?.lines.find(({ kind }) => kind === 'pod-to-pod');
  if (view === null || line === undefined) return [{ kind: 'other', text: `no view of ${BRIDGE}` }];
  const text = interfaceViewText({ ...view, lines: [line], notes: [] }).trim();
  console.log(`      ${BRIDGE} of ${NODE}, promiscuous ${link.promiscuous}: ${text}`);
  const isRight =
    line.passage === expected &&
    (expected === 'all' ? /promiscuous/ : /switche/).test(line.reason) &&
    (expected === 'all') === (line.seenBy.length === 0);
  return isRight ? [] : [{ kind: 'wrong reason', text: `the view of ${BRIDGE}: ${text}` }];
}

function bridgeOf(session: PathSession) {
  const [own] = session.topology(NODE).namespaces;
  const link = own?.interfaces.find(({ name }) => name === BRIDGE);
  if (own === undefined || link === undefined) throw new Error(`${NODE} has no ${BRIDGE}`);
  return { netns: own.inode, link };
}
