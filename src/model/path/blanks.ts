import type { Sighting } from '../flow.ts';
import type { Blank, Loss, PathQuestion } from './flowPath.ts';
import { lossText } from './losses.ts';
import type { Step, Walked } from './walked.ts';
import type { FlowWays } from './flowWays.ts';
import type { Place, PlacedInterface, Wirings } from './wirings.ts';
import { routeText } from './routing.ts';
import { whose } from './wirings.ts';
import { bridgeSysctl } from './bridging.ts';

/** What is known of one direction when a point of it is blank. */
export interface WayFacts {
  readonly flow: PathQuestion;
  readonly wirings: Wirings;
  readonly isRequest: boolean;
  /** What was seen at the points before this one, the nearest last. */
  readonly before: readonly Sighting[];
  /** What was dropped before. */
  readonly lost: readonly Loss[];
  /** When the ways became what they are, milliseconds since the epoch; null where that was not seen. */
  readonly changed: number | null;
}

/** Why a point on the way saw nothing. */
export function blankOnWay({ at }: Step, facts: WayFacts): Blank {
  const { link, place } = at;
  if (!link.attached) return notAttached(at, facts.wirings);
  const { flow, isRequest } = facts;
  if (facts.lost.length > 0) {
    return {
      kind: 'dropped',
      reason: 'The kernel dropped the packets before they came here.',
      evidence: facts.lost.map(lossText),
    };
  }
  const sent = isRequest ? flow.sent.packets : flow.received.packets;
  const sender = isRequest ? 'client' : 'server';
  if (sent === 0) {
    return {
      kind: 'no-packets',
      reason: `The ${sender} has sent nothing.`,
      evidence: [`verdict ${flow.verdict}`],
    };
  }
  const { changed } = facts;
  if (changed !== null && facts.before.every(({ last }) => Date.parse(last) <= changed)) {
    return {
      kind: 'no-packets',
      reason: 'Nothing was sent since the packets’ way changed.',
      evidence: [`changed at ${new Date(changed).toISOString()}`],
    };
  }
  return {
    kind: 'unexplained',
    reason: `Packets should pass ${link.name} of ${whose(place)}, and none was counted.`,
    evidence: [],
  };
}

function notAttached(at: PlacedInterface, wirings: Wirings): Blank {
  const { link, place } = at;
  const host = place.kind === 'pod' ? wirings.hostSide(at) : null;
  if (host?.link.attached === true) {
    return {
      kind: 'other-end',
      reason: `Nothing is attached inside the pod: ${host.link.name}, the node's end of the same wire, counts the same packets.`,
      evidence: [],
    };
  }
  return {
    kind: 'not-attached',
    reason: `Nothing is attached to ${link.name} of ${whose(place)}.`,
    evidence: [`no program of ours at ${link.name}`],
  };
}

/** Why an interface that the conversation does not pass sees nothing of it. */
export function blankBeside(at: PlacedInterface, ways: FlowWays): Blank {
  const walks = [ways.request, ways.reply];
  const { link } = at;
  if (link.kind === 'bridge') {
    const switched = switchedBy(at, walks) ?? unswitchedBy(at, walks);
    if (switched !== null) return switched;
  }
  if ((link.role === 'uplink' || link.role === 'tunnel') && isWithinNode(ways, at.place.node)) {
    return {
      kind: 'same-node',
      reason: `Both ends are on ${at.place.node}: the packets never leave it.`,
      evidence: routesOn(at.place, walks),
    };
  }
  const routes = routesOn(at.place, walks);
  if (routes.length === 0) return notSentHere(at, walks);
  return {
    kind: 'not-on-route',
    reason: `The packets take another way: ${routes.join(', ')}.`,
    evidence: routes,
  };
}

/** The node routes no packet of the conversation. */
function notSentHere({ place: { node }, link }: PlacedInterface, walks: readonly Walked[]): Blank {
  const isLooped = walks.some(({ steps }) =>
    steps.some(({ at }) => at.place.node === node && at.link.role === 'loopback'),
  );
  const reason = isLooped
    ? `What ${node} sends to itself goes by its loopback.`
    : `${node} sends none of the packets by ${link.name}.`;
  return { kind: 'not-on-route', reason, evidence: [] };
}

function switchedBy(at: PlacedInterface, walks: readonly Walked[]): Blank | null {
  for (const { switchings } of walks) {
    const found = switchings.find(({ bridge }) => isSameInterface(bridge, at));
    if (found === undefined) continue;
    const { from, to, address, isTranslated } = found;
    const sysctl = bridgeSysctl(address);
    const why = isTranslated
      ? `netfilter turns them from the node to ${address} before it would`
      : 'a bridge sees only what is addressed to it';
    return {
      kind: 'switched',
      reason: `${at.link.name} passes the frames from ${from.link.name} to ${to.link.name} without taking them itself: ${why}.`,
      evidence: [
        `${from.link.name} and ${to.link.name} are ports of ${at.link.name}`,
        `${at.link.name} is not promiscuous`,
        `${sysctl} = ${at.place.topology.sysctls[sysctl] ?? 'none'}`,
      ],
    };
  }
  return null;
}

/** A bridge that does not get rid of the frames takes none of them itself either. */
function unswitchedBy(at: PlacedInterface, walks: readonly Walked[]): Blank | null {
  for (const { unswitched } of walks) {
    if (unswitched === null || !isSameInterface(unswitched.bridge, at)) continue;
    const { why, flooded } = unswitched;
    const what =
      flooded === null
        ? `${at.link.name} passes the frames to no port`
        : `${at.link.name} does not know behind which port their destination is, and gives the frames to all its ports`;
    return {
      kind: 'switched',
      reason: `${what}, without taking them itself: a bridge sees only what is addressed to it.`,
      evidence: [why, `${at.link.name} is not promiscuous`],
    };
  }
  return null;
}

function isSameInterface(one: PlacedInterface, other: PlacedInterface): boolean {
  return (
    one.place.node === other.place.node &&
    one.place.namespace.inode === other.place.namespace.inode &&
    one.link.ifindex === other.link.ifindex
  );
}

function isWithinNode({ client, server }: FlowWays, node: string): boolean {
  return [client, server].every((end) => end !== null && end.node === node && end.kind !== 'other');
}

/** The routes that were taken on the node, once each. */
function routesOn(place: Place, walks: readonly Walked[]): string[] {
  const taken = walks.flatMap(({ routes }) =>
    routes.filter((one) => one.place.node === place.node && one.place.kind === 'node'),
  );
  return [...new Set(taken.map(({ chosen }) => routeText(chosen)))];
}
