/** Holds a path to what tshark counted at the same time, and its reasons to what the node says. */
import { CILIUM_INTERFACE } from '../../../src/model/nodeShape.ts';
import type { Bystander, FlowPath, PathPoint, Way } from '../../../src/model/path/flowPath.ts';
import { tupleText } from '../../../src/model/path/pathText.ts';
import type { FlowPathPicture } from '../../../src/model/pointsMessages.ts';
import type { ClusterState } from '../cases/clusterState.ts';
import type { Captured } from './captures.ts';
import type { Conversation } from './conversation.ts';
import type { NodeFacts } from './nodeFacts.ts';

export interface PathFault {
  /** The first two are what a path must not have, and are counted by themselves. */
  readonly kind: 'wrong reason' | 'unexplained' | 'other';
  readonly text: string;
}

export interface JudgedPath {
  readonly conversation: Conversation;
  readonly picture: FlowPathPicture | null;
  readonly faults: readonly PathFault[];
  /** Points whose count is tshark's. */
  readonly equal: number;
}

interface Truth {
  readonly captured: readonly Captured[];
  readonly nodes: ReadonlyMap<string, NodeFacts>;
  readonly state: ClusterState;
}

export function judgePath(
  conversation: Conversation,
  rows: readonly FlowPathPicture[],
  truth: Truth,
): JudgedPath {
  const [picture, ...others] = rows;
  const ours = new Set(conversation.tuples.map(tupleText));
  const captured = truth.captured.filter(({ tuple }) => ours.has(tupleText(tuple)));
  if (picture === undefined) {
    const faults = staysInPod(captured) ? [] : [other('no row')];
    return { conversation, picture: null, faults, equal: 0 };
  }
  const { path } = picture;
  const points = [...path.request.points, ...path.reply.points];
  const counted = points.filter((point) => truthAt(point, points, captured) === point.seen?.packets);
  return {
    conversation,
    picture,
    equal: counted.filter(({ seen }) => seen !== null).length,
    faults: [
      ...others.map(({ text }) => other(`a second row:\n${text}`)),
      ...points.flatMap((point) => pointFaults(point, points, captured)),
      ...captured.filter((one) => !points.some((point) => isAt(point, one))).map(passedFault),
      ...path.bystanders.flatMap((one) => bystanderFaults(one, captured, conversation, truth)),
      ...path.unexpected.map((seen) => other(`seen elsewhere: ${seen.interface} ${tupleText(seen.tuple)}`)),
      ...orderFaults('request', path.request, captured),
      ...orderFaults('reply', path.reply, captured),
      ...endingFaults(conversation, path, truth.state),
    ],
  };
}

/** By tshark it passes the loopback of a pod alone: no interface of the node, where agents look. */
function staysInPod(captured: readonly Captured[]): boolean {
  const isInPod = ({ owner, interface: name }: Captured): boolean => owner.includes('/') && name === 'lo';
  return captured.length > 0 && captured.every(isInPod);
}

const other = (text: string): PathFault => ({ kind: 'other', text });
const wrong = (text: string): PathFault => ({ kind: 'wrong reason', text });

const ownerOf = ({ node, pod }: Pick<PathPoint, 'node' | 'pod'>): string =>
  pod === null ? node : `${pod.namespace}/${pod.name}`;

function textOf(point: PathPoint): string {
  return `${ownerOf(point)} ${point.interface} ${point.point} ${tupleText(point.tuple)}`;
}

function capturedText({ owner, interface: name, egress, inner, tuple, packets }: Captured): string {
  return `${owner} ${name} ${egress ? 'out' : 'in'}${inner ? ' (inside)' : ''} ${tupleText(tuple)}: ${packets} packets`;
}

function isAt(point: PathPoint, one: Captured): boolean {
  return (
    one.owner === ownerOf(point) &&
    one.interface === point.interface &&
    one.inner === point.inner &&
    // What leaves by a loopback comes in there.
    (one.egress === point.egress || point.role === 'loopback') &&
    tupleText(one.tuple) === tupleText(point.tuple)
  );
}

function countOf(point: PathPoint, captured: readonly Captured[]): Captured | undefined {
  return captured.find((one) => isAt(point, one));
}

function pointFaults(
  point: PathPoint,
  points: readonly PathPoint[],
  captured: readonly Captured[],
): PathFault[] {
  const found = truthAt(point, points, captured);
  if (point.seen !== null) {
    const { packets } = point.seen;
    return packets === found ? [] : [other(`${textOf(point)}: ${packets} packets, by tshark ${found}`)];
  }
  const reason = point.blank?.kind ?? 'unexplained';
  if (reason === 'unexplained') {
    return [{ kind: 'unexplained', text: `${textOf(point)}, where tshark has ${found}` }];
  }
  if (reason !== 'other-end') return [wrong(`${textOf(point)}: ${reason}, where tshark has ${found}`)];
  // The wire's other end counts the same packets: the next point of the way out of the pod, or the last on the way in.
  const at = points.indexOf(point);
  const beside = points[point.egress ? at + 1 : at - 1]?.seen?.packets ?? 0;
  return beside === found
    ? []
    : [wrong(`${textOf(point)}: the other end counts ${beside}, tshark here ${found}`)];
}

/**
 * Of what Cilium's program at `cilium_host` redirects tshark shows nothing there: af_packet gets what leaves only after the
 * programs of the way out (net/core/dev.c). It comes out at the next point, which is what is redirected to.
 */
function truthAt(point: PathPoint, points: readonly PathPoint[], captured: readonly Captured[]): number {
  const own = countOf(point, captured)?.packets ?? 0;
  const next = points[points.indexOf(point) + 1];
  const isRedirected = point.interface === CILIUM_INTERFACE && point.egress && own === 0;
  if (!isRedirected || next?.egress !== true || next.node !== point.node) return own;
  return countOf(next, captured)?.packets ?? 0;
}

/** Packets passed where the path has no point. */
function passedFault(one: Captured): PathFault {
  return other(`no point of the path: ${capturedText(one)}`);
}

function bystanderFaults(
  bystander: Bystander,
  captured: readonly Captured[],
  { facts }: Conversation,
  { nodes, state }: Truth,
): PathFault[] {
  const { node, interface: name, blank } = bystander;
  if (blank.kind === 'unexplained') return [{ kind: 'unexplained', text: `${node} ${name}` }];
  const seen = captured.filter((one) => one.owner === ownerOf(bystander) && one.interface === name);
  const said = `${node} ${name}: ${blank.kind}`;
  const says = nodes.get(node);
  return [
    ...seen.map((one) => wrong(`${said}, but tshark has ${capturedText(one)}`)),
    ...blank.evidence
      .filter((text) => says?.confirms(text) !== true)
      .map((text) => wrong(`${said}: the node does not say “${text}”`)),
    ...(blank.kind !== 'same-node' || [facts.client, facts.server].every((end) => isOn(end, node, state))
      ? []
      : [wrong(`${said}, but ${facts.client} and ${facts.server} are not both there`)]),
    ...(blank.kind !== 'switched' || says?.isSwitching(name) === true
      ? []
      : [wrong(`${said}, but it is promiscuous`)]),
  ];
}

/** Whether who it is runs on the node: by kubectl for a pod; a process of a node is on node-a in all cases. */
function isOn(name: string, node: string, state: ClusterState): boolean {
  if (name.startsWith('process ')) return node === 'node-a';
  return state.nodeOf(name) === node;
}

/** First packets pass the points in the order of the path: all namespaces have one clock here. */
function orderFaults(name: string, { points }: Way, captured: readonly Captured[]): PathFault[] {
  // A bridge takes a copy after it sent on what that is of.
  const isCopied = points.some(({ aside }) => aside?.kind === 'copies');
  const times = points.flatMap((point) => {
    const found = countOf(point, captured);
    return found === undefined || (isCopied && point.aside !== null) ? [] : [{ point, first: found.first }];
  });
  return times.flatMap(({ point, first }, index) => {
    const before = times[index - 1];
    if (before === undefined || before.first <= first) return [];
    return [other(`${name}: by tshark ${textOf(point)} was passed before ${textOf(before.point)}`)];
  });
}

/** Both ways end where the socket is that ss has there. */
function endingFaults({ facts }: Conversation, path: FlowPath, state: ClusterState): PathFault[] {
  return [
    ...endingFault('request', path.request, facts.server, state),
    ...endingFault('reply', path.reply, facts.client, state),
  ];
}

function endingFault(name: string, { ending }: Way, end: string, state: ClusterState): PathFault[] {
  const [, namespace, pod] = /^pod ([^/]+)\/([^/]+)\//.exec(end) ?? [];
  const isOwn = namespace !== undefined && pod !== undefined && !state.isInNodesNetwork(namespace, pod);
  const node = state.nodeOf(end) ?? (end.startsWith('process ') ? 'node-a' : null);
  const expected =
    node === null
      ? /^leaves /
      : new RegExp(`^delivered in ${isOwn ? `pod ${namespace}/${pod}` : `node ${node}`}$`);
  return expected.test(ending.text)
    ? []
    : [other(`the ${name} ends: ${ending.text}, though it is ${end} that has the socket`)];
}
