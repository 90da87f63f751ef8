import { endpointLabel } from '../../src/model/endpoint.ts';
import type { Flow, FlowEnd, Sighting, Traffic } from '../../src/model/flow.ts';
import type { InterfaceTraffic, SeenEnd, SeenFlow } from '../../src/model/interfaceView/interfaceTraffic.ts';
import { cases } from '../../src/model/interfaceView/traffic.fixture.ts';
import { COUNTED_KINDS } from '../../src/model/interfaceView/traffic.ts';
import type { CountedKind } from '../../src/model/interfaceView/traffic.ts';
import type { KindCount, TrafficCounts } from '../../src/model/interfaceView/trafficCounts.ts';
import { NOTHING_COUNTED, trafficCounts } from '../../src/model/interfaceView/trafficCounts.ts';
import type { InterfaceReference } from '../../src/model/interfaceView/trafficLine.ts';
import { pathOf } from '../../src/model/path/pathOf.ts';
import type { Shape } from '../../src/model/path/wiring.fixture.ts';
import { sighting, wirings } from '../../src/model/path/wiring.fixture.ts';
import type { Topology } from '../../src/model/topology.ts';

type Place = Pick<InterfaceReference, 'netns' | 'ifindex'>;

/** Conversations of all kinds on a node, as they are counted at every point of their paths so many seconds after they began. */
export type FlowsAt = (seconds: number) => readonly Flow[];

export function flowsOn(shape: Shape, topology: Topology): FlowsAt {
  const [, other] = wirings(shape);
  const topologies = other === undefined ? [topology] : [topology, other];
  const seen = new Map<Flow, Sighting[]>();
  // The same flow stands for several kinds.
  for (const { flow } of cases(shape)) {
    const { request, reply } = pathOf(flow, topologies);
    seen.set(
      flow,
      [...request.points, ...reply.points].map((point) => {
        const { node, netns, ifindex, inner, tuple } = point;
        const at = { node, netns, ifindex, inner, interface: point.interface, point: point.point };
        return sighting(at, tuple);
      }),
    );
  }
  return (seconds) =>
    [...seen].map(([flow, sightings], index) => ({
      ...flow,
      id: String(index),
      sightings: sightings.map((one) => ({ ...one, ...trafficAfter(index, seconds) })),
    }));
}

/** Every third conversation is over. */
const isOver = (index: number): boolean => index % 3 === 2;

function trafficAfter(index: number, seconds: number): Traffic {
  const pace = ((index * 37) % 23) + 1;
  const packets = 400 + pace * 31 + (isOver(index) ? 0 : pace * seconds);
  return { packets, bytes: packets * (90 + ((index * 131) % 700)) };
}

/** What passes an interface after so many seconds. */
export function trafficOf(
  flowsAt: FlowsAt,
  at: Place,
  topology: Topology,
  { seconds, only }: { readonly seconds: number; readonly only: string | null },
): InterfaceTraffic {
  const counts = trafficCounts(flowsAt(seconds), at, topology);
  const before = trafficCounts(flowsAt(seconds - 1), at, topology);
  const flows = flowsAt(seconds).flatMap((flow, index) => seenFlow(flow, index, at, topology) ?? []);
  return {
    only,
    since: Date.parse('2026-01-01T09:30:00'),
    counts,
    rates: seconds === 0 ? null : ratesBetween(before, counts),
    departed: NOTHING_COUNTED,
    flows: flows.sort((a, b) => b.rate.bytes - a.rate.bytes).slice(0, 12),
    flowCount: flows.length,
  };
}

function ratesBetween(before: TrafficCounts, after: TrafficCounts): Record<CountedKind, Traffic> {
  const entries = COUNTED_KINDS.map((kind) => {
    const [a, b] = [whole(before[kind]), whole(after[kind])];
    return [kind, { packets: b.packets - a.packets, bytes: b.bytes - a.bytes }] as const;
  });
  return Object.fromEntries(entries) as Record<CountedKind, Traffic>;
}

function seenFlow(flow: Flow, index: number, at: Place, topology: Topology): SeenFlow | null {
  const counts = trafficCounts([flow], at, topology);
  const kinds = COUNTED_KINDS.filter((kind) => whole(counts[kind]).packets > 0);
  if (kinds.length === 0) return null;
  const counted = kinds.reduce<KindCount>((sum, kind) => {
    const { packets, bytes, inner } = counts[kind];
    return { ...plus(sum, { packets, bytes }), inner: plus(sum.inner, inner) };
  }, NOTHING_COUNTED);
  const [now, before] = [trafficAfter(index, 1), trafficAfter(index, 0)];
  const points = flow.sightings.filter(
    ({ netns, ifindex }) => netns === at.netns && ifindex === at.ifindex,
  ).length;
  const end = (one: FlowEnd): SeenEnd => ({ ...endpointLabel(one), kind: one.kind, port: one.port });
  return {
    flow: { agent: 0, flow: index + 1 },
    ...{ client: end(flow.client), server: end(flow.server), protocol: flow.protocol, kinds, counted },
    service: flow.nat.some(({ from }) => from.startsWith('10.96.')) ? 'shop/web' : null,
    verdict: flow.verdict,
    ended: isOver(index),
    rate: { packets: (now.packets - before.packets) * points, bytes: (now.bytes - before.bytes) * points },
  };
}

const plus = (a: Traffic, b: Traffic): Traffic => ({
  packets: a.packets + b.packets,
  bytes: a.bytes + b.bytes,
});
const whole = ({ packets, bytes, inner }: KindCount): Traffic => plus({ packets, bytes }, inner);
