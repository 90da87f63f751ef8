import type { FlowEnd, Tuple } from '../flow.ts';
import { CILIUM_INTERFACE } from '../nodeShape.ts';
import { formatSocketAddress } from '../socketAddress.ts';
import { bridgeSysctl, callsNetfilter } from './bridging.ts';
import { hasCilium, isByCilium, onTheWire } from './cilium.ts';
import type { Ending, PathQuestion } from './flowPath.ts';
import { FlowNat } from './netfilter.ts';
import type { Translated } from './translation.ts';
import { translated, turned } from './translation.ts';
import type { Walked } from './walked.ts';
import { Walk } from './walk.ts';
import { uplinkOf, whose } from './wirings.ts';
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
  const byCilium = isByCilium(flow);
  const client = placeOf(flow.client, wirings);
  const node = client === null ? null : wirings.node(client.node);
  const isOnCilium = node !== null && hasCilium(node);
  const tuples = isOnCilium ? onTheWire(flow, translated(flow)) : translated(flow);
  const server = placeOf(flow.server, wirings);
  const entrance = client === null ? entranceOf(tuples, wirings) : null;
  const nat = new FlowNat(tuples, wirings, client?.node ?? entrance?.at.place.node ?? null);
  const request = new Walk(wirings, nat, tuples.asked, byCilium);
  const reply = new Walk(wirings, nat, turned(tuples.sent), byCilium);
  const back = server === null ? returnOf(tuples, wirings, client) : null;
  return {
    request: begin(request, client, entrance, tuples.asked),
    reply: expected(begin(reply, server, back, turned(tuples.sent)), tuples, client),
    client,
    server,
  };
}

/** An answer whose address nobody translated back is none to the client. On a node that asks itself, that is done after its last point. */
function expected(reply: Walked, { asked, translations }: Translated, client: Place | null): Walked {
  const { ending, tuple, switchings } = reply;
  const isRight = tuple.source === asked.destination && tuple.sourcePort === asked.destinationPort;
  const hasDnat = translations.some(({ kind }) => kind === 'dnat');
  if (ending.kind !== 'delivered' || !hasDnat || isRight || client === null || client.kind === 'node') {
    return reply;
  }
  const past = switchings.find(({ bridge }) => !callsNetfilter(bridge, tuple.source));
  const why =
    past === undefined
      ? 'nothing put that address back'
      : `${past.bridge.link.name} switches the answer past netfilter, which would put that address back (${bridgeSysctl(tuple.source)} = ${past.bridge.place.topology.sysctls[bridgeSysctl(tuple.source)] ?? 'none'})`;
  const [from, wanted] = [
    formatSocketAddress(tuple.source, tuple.sourcePort),
    formatSocketAddress(asked.destination, asked.destinationPort),
  ];
  const text = `comes to ${whose(client)} from ${from}, but it asked ${wanted}: ${why}`;
  return { ...reply, ending: { ...ending, kind: 'misaddressed', text } };
}

interface Entrance {
  readonly at: PlacedInterface;
  /** Inside a tunnel's packets. */
  readonly inner: boolean;
}

function begin(walk: Walk, place: Place | null, entrance: Entrance | null, tuple: Tuple): Walked {
  if (place !== null) return walk.sendFrom(place);
  if (entrance !== null) return walk.receiveAt(entrance.at, entrance.inner);
  const text = 'begins beyond what is observed';
  const ending: Ending = { kind: 'stopped', node: null, text };
  return { steps: [], switchings: [], unswitched: null, routes: [], ending, tuple };
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
  // What Cilium sends by its tunnel is routed into cilium_host.
  if (back?.role === 'tunnel' || back?.name === CILIUM_INTERFACE) {
    const uplink = uplinkOf(place);
    return uplink === null ? null : { at: { place, link: uplink }, inner: true };
  }
  const link = back?.role === 'uplink' ? back : edge;
  return link === null ? null : { at: { place, link }, inner: false };
}
