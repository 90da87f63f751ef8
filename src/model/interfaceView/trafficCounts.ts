import type { Flow, Sighting, Traffic } from '../flow.ts';
import { translated } from '../path/translation.ts';
import type { Topology } from '../topology.ts';
import { NodeEnds } from './nodeEnds.ts';
import type { CountedKind } from './traffic.ts';
import { COUNTED_KINDS } from './traffic.ts';
import type { Conversation } from './trafficKind.ts';
import { trafficKind } from './trafficKind.ts';
import type { InterfaceReference, TrafficLine } from './trafficLine.ts';

/** What was counted of a kind at an interface. */
export interface KindCount extends Traffic {
  /** Further packets of it that were seen there inside those of a tunnel. */
  readonly inner: Traffic;
}

export type TrafficCounts = Readonly<Record<CountedKind, KindCount>>;

export const NOTHING_COUNTED: KindCount = { packets: 0, bytes: 0, inner: { packets: 0, bytes: 0 } };

/** Adds up sightings by kind. */
export class TrafficSum {
  readonly #sums = new Map<CountedKind, KindCount>();

  add(kind: CountedKind, isInner: boolean, { packets, bytes }: Traffic): void {
    const sum = this.#sums.get(kind) ?? NOTHING_COUNTED;
    const more = (to: Traffic): Traffic => ({ packets: to.packets + packets, bytes: to.bytes + bytes });
    this.#sums.set(kind, isInner ? { ...sum, inner: more(sum.inner) } : { ...more(sum), inner: sum.inner });
  }

  copy(): TrafficSum {
    const copy = new TrafficSum();
    for (const [kind, sum] of this.#sums) copy.#sums.set(kind, sum);
    return copy;
  }

  get counts(): TrafficCounts {
    const entries = COUNTED_KINDS.map((kind) => [kind, this.#sums.get(kind) ?? NOTHING_COUNTED] as const);
    return Object.fromEntries(entries) as Record<CountedKind, KindCount>;
  }
}

/** What of a flow was seen at one point, by kind. */
export interface KindSighting {
  readonly kind: CountedKind;
  readonly seen: Sighting;
}

/** Says of each sighting of a flow at the node of which kind it is: of exactly one. */
export function kindsOfSightings(flow: CountedFlow, topology: Topology, ends: NodeEnds): KindSighting[] {
  const conversation = conversationOf(flow);
  return flow.sightings
    .filter(({ node }) => node === topology.node)
    .map((seen) => ({ kind: trafficKind(conversation, seen.tuple, ends), seen }));
}

/** What flows were seen at an interface of a node, by kind. */
export function trafficCounts(
  flows: Iterable<CountedFlow>,
  { netns, ifindex }: Pick<InterfaceReference, 'netns' | 'ifindex'>,
  topology: Topology,
): TrafficCounts {
  const ends = new NodeEnds(topology);
  const sum = new TrafficSum();
  for (const flow of flows) {
    for (const { kind, seen } of kindsOfSightings(flow, topology, ends)) {
      if (seen.netns === netns && seen.ifindex === ifindex) sum.add(kind, seen.inner, seen);
    }
  }
  return sum.counts;
}

export type CountedFlow = Pick<Flow, 'protocol' | 'client' | 'server' | 'nat' | 'sightings'>;

function conversationOf(flow: CountedFlow): Conversation {
  const { asked, sent, translations } = translated(flow);
  const has = (wanted: 'dnat' | 'snat'): boolean => translations.some(({ kind }) => kind === wanted);
  return {
    ...{ protocol: flow.protocol, client: flow.client, server: flow.server },
    asked: has('dnat') ? { address: asked.destination, port: asked.destinationPort } : null,
    translated: has('snat') ? { address: sent.source, port: sent.sourcePort } : null,
  };
}

/**
 * Whether packets were counted where the table says that there are none. One of the two is wrong then, and both are shown.
 */
export function contradicts({ passage, strays }: TrafficLine, count: KindCount): boolean {
  if (passage === 'inside') return count.packets > 0;
  return passage === 'none' && strays === null && count.packets + count.inner.packets > 0;
}
