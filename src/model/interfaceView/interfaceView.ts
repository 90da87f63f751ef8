import type { PlacedInterface } from '../path/wirings.ts';
import { Wirings } from '../path/wirings.ts';
import type { Topology } from '../topology.ts';
import { broadcastLine, loopbackLine } from './linkTraffic.ts';
import type { Passing } from './passage.ts';
import { passingAt } from './passage.ts';
import type { Probes } from './probes.ts';
import { probesOf } from './probes.ts';
import { lineReason, strayReason } from './reasons.ts';
import { noProbeReason } from './noProbe.ts';
import { notesOn } from './notes.ts';
import type { ProbedKind } from './traffic.ts';
import { PROBED_KINDS, TRAFFIC_LABELS } from './traffic.ts';
import type { InterfaceView, TrafficLine } from './trafficLine.ts';

/**
 * The *Sees / Cannot see* table of an interface of a node, from the node's wiring as it is now: for each kind of traffic, such
 * conversations are followed through the wiring as src/model/path does it. Null where there is no such interface.
 */
export function interfaceView(topology: Topology, netns: number, ifindex: number): InterfaceView | null {
  const wirings = new Wirings([topology]);
  const at = placedInterface(wirings, netns, ifindex);
  const own = wirings.node(topology.node);
  if (at === null || own === null) return null;
  const probes = probesOf(at, own, wirings);
  const others = own.namespace.interfaces.map((link) => ({ place: own, link }));
  return {
    lines: [
      ...PROBED_KINDS.map((kind) => probedLine(kind, at, wirings, probes, others)),
      loopbackLine(at),
      broadcastLine(at, wirings, others),
    ],
    notes: notesOn(at, own),
  };
}

/** An interface of one of the node's namespaces. */
export function placedInterface(wirings: Wirings, netns: number, ifindex: number): PlacedInterface | null {
  const place = wirings.namespace(netns);
  const link = place?.namespace.interfaces.find((candidate) => candidate.ifindex === ifindex);
  return place === null || link === undefined ? null : { place, link };
}

function probedLine(
  kind: ProbedKind,
  at: PlacedInterface,
  wirings: Wirings,
  probes: Probes,
  others: readonly PlacedInterface[],
): TrafficLine {
  const sent = probes.of[kind];
  const head = { kind, label: TRAFFIC_LABELS[kind] };
  if (sent.length === 0) {
    return { ...head, passage: 'none', ...noProbeReason(kind), strays: null, seenBy: [], more: 0 };
  }
  const passing = passingAt(at, sent);
  const { passage } = passing;
  const strays = passage === 'none' && passing.strays ? strayReason(at) : null;
  return { ...head, passage, ...lineReason({ kind, at, passing, wirings }), strays, ...elsewhere() };

  function elsewhere(): Pick<TrafficLine, 'seenBy' | 'more'> {
    if (passing.passage === 'all' || passing.passage === 'part') return { seenBy: [], more: 0 };
    const seen = others
      .map((other) => ({ other, found: passingAt(other, sent) }))
      .filter(({ other, found }) => found.passage !== 'none' && other.link !== at.link);
    return seenBy(seen, probes, others);
  }
}

/** Who sees all of it; where nobody does, who sees it inside a tunnel or sees a part. */
function seenBy(
  seen: readonly { readonly other: PlacedInterface; readonly found: Passing }[],
  probes: Probes,
  others: readonly PlacedInterface[],
): Pick<TrafficLine, 'seenBy' | 'more'> {
  const whole = seen.filter(({ found }) => found.passage === 'all');
  const shown = whole.length > 0 ? whole : seen;
  const isPartial = shown.some(({ other, found }) => found.passage === 'part' && isPodVeth(other));
  const listed = new Set(shown.map(({ other }) => other.link.ifindex));
  const unlisted = others.filter((other) => isPodVeth(other) && !listed.has(other.link.ifindex));
  return {
    seenBy: shown.map(({ other, found }) => ({
      netns: other.place.namespace.inode,
      ifindex: other.link.ifindex,
      name: other.link.name,
      passage: found.passage,
    })),
    more: isPartial && probes.isSample ? unlisted.length : 0,
  };
}

const isPodVeth = ({ link }: PlacedInterface): boolean => link.role === 'pod-veth';
