import { FLOW, SIGHTING } from '../model/flowRecord.ts';
import type { Traffic, Tuple } from '../model/flow.ts';
import type { AgentFlows } from './agentFlows.ts';
import { SLOT } from './flowPicture.ts';
import type { AgentPoint } from './flowUpdate.ts';

/** An interface of a node, as points name it. */
export type InterfacePlace = Pick<AgentPoint, 'node' | 'netns' | 'ifindex'>;

export interface SeenTraffic extends Traffic {
  readonly inner: boolean;
}

export interface SeenTuple extends SeenTraffic {
  readonly tuple: Tuple;
}

/** Calls back with each sighting of every flow at an interface, and the slot of its flow. */
export function forEachSightingAt(
  flows: AgentFlows,
  at: InterfacePlace,
  visit: (slot: number, seen: SeenTuple) => void,
): void {
  const points = flows.names.pointsAt(at);
  if (points.size === 0) return;
  const { table, sightings, names } = flows;
  for (let slot = 0; slot < table.slots; slot++) {
    if (table.state(slot) === SLOT.free) continue;
    const agent = table.records.uint32(slot, FLOW.agent);
    const ofAgent = points.get(agent);
    if (ofAgent === undefined) continue;
    sightings.forEach(slot, (records, row) => {
      const inner = ofAgent.get(records.uint32(row, SIGHTING.point));
      if (inner === undefined) return;
      const address = (field: number): string =>
        names.addresses.textOf(names.addressNumber(agent, records.uint32(row, field))) || '?';
      visit(slot, {
        tuple: {
          source: address(SIGHTING.source),
          sourcePort: records.uint16(row, SIGHTING.sourcePort),
          destination: address(SIGHTING.destination),
          destinationPort: records.uint16(row, SIGHTING.destinationPort),
        },
        inner,
        packets: records.float64(row, SIGHTING.packets),
        bytes: records.float64(row, SIGHTING.bytes),
      });
    });
  }
}

/** What was seen of flows that are no longer kept, by point. */
export class DepartedSightings {
  readonly #flows: AgentFlows;
  readonly #byPoint = new Map<string, { point: AgentPoint; packets: number; bytes: number }>();

  constructor(flows: AgentFlows) {
    this.#flows = flows;
  }

  /** Takes what the flow in a slot was seen; call before it leaves for good. */
  take(slot: number): void {
    const { table, sightings, names } = this.#flows;
    const agent = table.records.uint32(slot, FLOW.agent);
    sightings.forEach(slot, (records, row) => {
      const point = names.point(agent, records.uint32(row, SIGHTING.point));
      if (point === undefined) return;
      const key = `${agent} ${point.id}`;
      const sum = this.#byPoint.get(key) ?? { point, packets: 0, bytes: 0 };
      sum.packets += records.float64(row, SIGHTING.packets);
      sum.bytes += records.float64(row, SIGHTING.bytes);
      this.#byPoint.set(key, sum);
    });
  }

  at({ node, netns, ifindex }: InterfacePlace): SeenTraffic[] {
    return [...this.#byPoint.values()]
      .filter(({ point }) => point.node === node && point.netns === netns && point.ifindex === ifindex)
      .map(({ point, packets, bytes }) => ({ inner: point.inner, packets, bytes }));
  }
}
