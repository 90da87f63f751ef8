import type { FlowEnd } from '../flow.ts';
import type { PathQuestion } from './flowPath.ts';
import { FlowNat } from './netfilter.ts';
import type { Translated } from './translation.ts';
import { translated, turned } from './translation.ts';
import type { Walked } from './walk.ts';
import { uplinkOf, Walk } from './walk.ts';
import type { Place, PlacedInterface, Wirings } from './wirings.ts';
import { linkWith } from './wirings.ts';
import { routeTo } from './routing.ts';

/** Both ways of a conversation through the wiring, whatever was seen of it. */
export interface FlowWays {
  readonly request: Walked;
  readonly reply: Walked;
  /** Where the ends are; null for one outside of what is observed. */
  readonly client: Place | null;
  readonly server: Place | null;
}

export function flowWays(flow: PathQuestion, wirings: Wirings): FlowWays {
  const tuples = translated(flow);
  const client = placeOf(flow.client, wirings);
  const server = placeOf(flow.server, wirings);
  const entrance = client === null ? entranceOf(tuples, wirings) : null;
  const nat = new FlowNat(tuples, wirings, client?.node ?? entrance?.at.place.node ?? null);
  const request = new Walk(wirings, nat, tuples.asked);
  const reply = new Walk(wirings, nat, turned(tuples.sent));
  const back = server === null ? returnOf(tuples, wirings, client) : null;
  return {
    request: begin(request, client, entrance),
    reply: begin(reply, server, back),
    client,
    server,
  };
}

interface Entrance {
  readonly at: PlacedInterface;
  /** Inside a tunnel's packets. */
  readonly inner: boolean;
}

function begin(walk: Walk, place: Place | null, entrance: Entrance | null): Walked {
  if (place !== null) return walk.sendFrom(place);
  if (entrance !== null) return walk.receiveAt(entrance.at, entrance.inner);
  const text = 'begins beyond what is observed';
  return { steps: [], switchings: [], routes: [], ending: { kind: 'stopped', node: null, text } };
}

/** The namespace of an end: its pod's, or the node's for what shares the node's network. */
function placeOf(end: FlowEnd, wirings: Wirings): Place | null {
  if (end.kind === 'pod' && end.uid !== null) {
    const pod = wirings.pod(end.uid);
    if (pod !== null) return pod;
  }
  const holder = wirings.namespaceWith(end.address);
  // Its node is observed, and another has the address too: not this end.
  const isElsewhere = end.node !== null && holder?.node !== end.node && wirings.node(end.node) !== null;
  return isElsewhere ? null : holder;
}

/** Where what a client outside sends comes in: at the node that has the address, or whose pod has it. */
function entranceOf({ asked, chosen }: Translated, wirings: Wirings): Entrance | null {
  const owner =
    wirings.nodeWith(asked.destination) ??
    wirings.namespaceWith(asked.destination) ??
    wirings.namespaceWith(chosen.destination);
  const place = owner === null ? null : wirings.node(owner.node);
  return place === null ? null : comingFrom(place, chosen.source, asked.destination);
}

/** Where a server outside answers: at the node that has the address it answers to. */
function returnOf({ sent }: Translated, wirings: Wirings, client: Place | null): Entrance | null {
  const owner = wirings.nodeWith(sent.source) ?? client;
  const place = owner === null ? null : wirings.node(owner.node);
  return place === null ? null : comingFrom(place, sent.destination, sent.source);
}

/** Packets of a remote address come in where packets to it go out. */
function comingFrom(place: Place, remote: string, destination: string): Entrance | null {
  const back = routeTo(place.namespace, remote)?.link;
  const edge = linkWith(place.namespace, destination) ?? uplinkOf(place);
  if (back?.role === 'tunnel') {
    const uplink = uplinkOf(place);
    return uplink === null ? null : { at: { place, link: uplink }, inner: true };
  }
  const link = back?.role === 'uplink' ? back : edge;
  return link === null ? null : { at: { place, link }, inner: false };
}
