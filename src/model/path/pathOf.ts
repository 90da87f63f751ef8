import type { Sighting } from '../flow.ts';
import { pointName } from '../observationPoint.ts';
import type { InterfaceRole, Topology } from '../topology.ts';
import { prefixMatch } from './addresses.ts';
import { blankBeside, blankOnWay } from './blanks.ts';
import type { Bystander, Ending, FlowPath, PathInterface, PathPoint, PathQuestion, Way } from './flowPath.ts';
import type { FlowWays } from './flowWays.ts';
import { flowWays } from './flowWays.ts';
import { lossesOf } from './losses.ts';
import { isSameTuple } from './translation.ts';
import type { Step, Walked } from './walked.ts';
import { pathInterface, Wirings } from './wirings.ts';

/**
 * The way that a conversation's packets take through the wiring of the nodes, what was seen at each point of it, and why
 * nothing was where nothing was.
 * @param topologies of the nodes that are observed
 * @param changed when its ways became what they are, milliseconds since the epoch; null where that was not seen
 */
export function pathOf(
  flow: PathQuestion,
  topologies: readonly Topology[],
  changed: number | null = null,
): FlowPath {
  const wirings = new Wirings(topologies);
  const ways = flowWays(flow, wirings);
  const left = new Set(flow.sightings);
  if (isFlooded(flow)) {
    return {
      request: floodedWay(flow),
      reply: NO_WAY,
      bystanders: [],
      flooded: [],
      past: [],
      unexpected: [],
    };
  }
  const request = wayOf(flow, wirings, ways.request, true, left, changed);
  const reply = wayOf(flow, wirings, ways.reply, false, left, changed);
  const newest = Math.max(...flow.sightings.map(({ last }) => Date.parse(last)));
  const gone = Math.max(newest - LONG_PAST, changed ?? 0);
  const isPast = ({ last }: Sighting): boolean => Date.parse(last) < gone;
  const past = [...left].filter(isPast);
  const flooded = [...left].filter(
    (sighting) => !isPast(sighting) && [ways.request, ways.reply].some((way) => isFloodedBy(way, sighting)),
  );
  for (const known of [...past, ...flooded]) left.delete(known);
  return {
    request,
    reply,
    bystanders: bystandersOf([...request.points, ...reply.points], ways, wirings),
    flooded,
    past,
    unexpected: [...left],
  };
}

/** Whether a sighting is that of a copy at one of the ports. */
function isFloodedBy({ unswitched }: Walked, { node, netns, ifindex, tuple }: Sighting): boolean {
  const copy = unswitched?.flooded ?? null;
  if (unswitched === null || copy === null) return false;
  const { place, link: bridge } = unswitched.bridge;
  const isPort = place.namespace.interfaces.some(
    (link) => link.ifindex === ifindex && link.master === bridge.ifindex,
  );
  return place.node === node && place.namespace.inode === netns && isPort && isSameTuple(tuple, copy);
}

/** Where nothing passes for so long while others do, packets go no more, milliseconds. */
const LONG_PAST = 3000;

/** Multicast, broadcast and link-local traffic has no way of its own: bridges send it to every port. */
function isFlooded({ client, server }: PathQuestion): boolean {
  return [client, server].some(({ address }) => FLOODED.some((range) => prefixMatch(range, address) >= 0));
}

const FLOODED = ['224.0.0.0/4', '255.255.255.255/32', '169.254.0.0/16', 'ff00::/8', 'fe80::/10'];
const NO_WAY: Way = {
  points: [],
  losses: [],
  ending: { kind: 'stopped', node: null, text: 'nothing is expected' },
};

/** What was seen, in the order that it is told. */
function floodedWay({ sightings }: PathQuestion): Way {
  const points = sightings.map((seen): PathPoint => ({
    node: seen.node,
    netns: seen.netns,
    pod: null,
    interface: seen.interface,
    ifindex: seen.ifindex,
    role: 'other',
    attached: true,
    egress: seen.point.startsWith('to-') || seen.point === 'from-host',
    point: seen.point,
    inner: seen.inner,
    tuple: seen.tuple,
    changes: [],
    aside: null,
    seen,
    blank: null,
  }));
  const ending: Ending = { kind: 'delivered', node: null, text: 'sent to everyone on the link' };
  return { points, losses: [], ending };
}

function wayOf(
  flow: PathQuestion,
  wirings: Wirings,
  walked: Walked,
  isRequest: boolean,
  left: Set<Sighting>,
  changed: number | null,
): Way {
  const steps: Step[] = [];
  const expected: PathPoint[] = [];
  /** What was told already, at a point beside the way. */
  let told = 0;
  for (const step of walked.steps) {
    const seen = sightingAt(step, left);
    if (seen !== null) left.delete(seen);
    else if (step.aside?.kind === 'some') continue;
    steps.push(step);
    expected.push({
      ...pathInterface(step.at),
      egress: step.egress,
      point: nameOf(step),
      inner: step.inner,
      tuple: step.tuple,
      changes: step.changes.slice(told),
      aside: step.aside,
      seen,
      blank: null,
    });
    told = step.aside === null ? 0 : step.changes.length;
  }
  const drops = flow.drops.filter(({ direction }) => (direction === 'sent') === isRequest);
  const losses = lossesOf(drops, expected, wirings);
  const points = expected.map((point, index): PathPoint => {
    const step = steps[index];
    if (point.seen !== null || step === undefined) return point;
    const before = expected.slice(0, index).flatMap(({ seen }) => seen ?? []);
    const lost = losses.filter(({ after, isOfCopies }) => after !== null && after < index && !isOfCopies);
    return { ...point, blank: blankOnWay(step, { flow, wirings, isRequest, before, lost, changed }) };
  });
  return { points, losses, ending: walked.ending };
}

/** An interface inside a pod is named from the pod's side only where the pod's own namespace is observed as such. */
function nameOf({ at, egress }: Step): PathPoint['point'] {
  return pointName(at.link.role, at.place.namespace.pod !== null, egress);
}

function sightingAt(step: Step, sightings: ReadonlySet<Sighting>): Sighting | null {
  const { place, link } = step.at;
  const name = nameOf(step);
  for (const sighting of sightings) {
    const isHere =
      sighting.node === place.node &&
      sighting.netns === place.namespace.inode &&
      sighting.ifindex === link.ifindex &&
      sighting.point === name &&
      sighting.inner === step.inner;
    if (isHere && isSameTuple(sighting.tuple, step.tuple)) return sighting;
  }
  return null;
}

/** From pods to the network. */
const BESIDE: readonly InterfaceRole[] = ['bridge', 'tunnel', 'uplink'];

/** Bridges, tunnels and uplinks of the nodes on the way that no packet passes. */
function bystandersOf(points: readonly PathPoint[], ways: FlowWays, wirings: Wirings): Bystander[] {
  const passed = new Set(points.map(keyOf));
  return [...new Set(points.map(({ node }) => node))].flatMap((node) => {
    const place = wirings.node(node);
    if (place === null) return [];
    return BESIDE.flatMap((role) => place.namespace.interfaces.filter((link) => link.role === role))
      .map((link) => ({ place, link }))
      .filter((at) => !passed.has(keyOf(pathInterface(at))))
      .map((at) => ({ ...pathInterface(at), blank: blankBeside(at, ways) }));
  });
}

function keyOf({ node, netns, ifindex }: PathInterface): string {
  return `${node}/${netns}/${ifindex}`;
}
