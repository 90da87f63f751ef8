import { SIGHTING } from '../model/flowRecord.ts';
import type { SightingRecords } from '../model/flowRecords.ts';
import type { SightingRow } from '../model/panelMessages.ts';
import { AddressNumbers } from './addressNumbers.ts';
import { agentOfKey, keyOf } from './agentKey.ts';
import type { AgentPoint, AgentTunnel, FlowUpdate } from './flowUpdate.ts';

const UNNAMED = '?';

/** What agents call points, addresses and tunnels, each by numbers of its own. */
export class AgentNames {
  readonly addresses = new AddressNumbers();
  readonly #points = new Map<number, AgentPoint>();
  readonly #addressNumbers = new Map<number, number>();
  readonly #tunnels = new Map<number, AgentTunnel>();
  readonly #nodes = new Map<number, string>();

  define(agent: number, { points, addresses, tunnels }: FlowUpdate): void {
    for (const point of points) {
      this.#points.set(keyOf(agent, point.id), point);
      this.#nodes.set(agent, point.node);
    }
    for (const { id, address } of addresses) {
      this.#addressNumbers.set(keyOf(agent, id), this.addresses.numberOf(address));
    }
    for (const tunnel of tunnels) this.#tunnels.set(keyOf(agent, tunnel.id), tunnel);
  }

  /** The session's number for an agent's address id; 0 for none. One that was never named is that of `?`. */
  addressNumber(agent: number, id: number): number {
    if (id === 0) return 0;
    return this.#addressNumbers.get(keyOf(agent, id)) ?? this.addresses.numberOf(UNNAMED);
  }

  point(agent: number, id: number): AgentPoint | undefined {
    return this.#points.get(keyOf(agent, id));
  }

  /** Of each agent the ids of the points at an interface, and whether they are inside of a tunnel's packets. */
  pointsAt({
    node,
    netns,
    ifindex,
  }: Pick<AgentPoint, 'node' | 'netns' | 'ifindex'>): ReadonlyMap<number, ReadonlyMap<number, boolean>> {
    const found = new Map<number, Map<number, boolean>>();
    for (const [key, point] of this.#points) {
      if (point.node !== node || point.netns !== netns || point.ifindex !== ifindex) continue;
      const agent = agentOfKey(key);
      const ofAgent = found.get(agent) ?? new Map<number, boolean>();
      found.set(agent, ofAgent.set(point.id, point.inner));
    }
    return found;
  }

  tunnel(agent: number, id: number): AgentTunnel | undefined {
    return this.#tunnels.get(keyOf(agent, id));
  }

  /** The node that an agent observes, as its points say; null while it told of none. */
  nodeOf(agent: number): string | null {
    return this.#nodes.get(agent) ?? null;
  }

  /** @param offset milliseconds that the agent's clock is ahead */
  sightingRows(agent: number, records: SightingRecords, offset: number): SightingRow[] {
    return Array.from({ length: records.count }, (_, row) => {
      const point = this.point(agent, records.uint32(row, SIGHTING.point));
      const address = (field: number): string =>
        this.addresses.textOf(this.addressNumber(agent, records.uint32(row, field))) || '?';
      return {
        node: point?.node ?? '?',
        netns: point?.netns ?? 0,
        interface: point?.interface ?? '?',
        ifindex: point?.ifindex ?? 0,
        point: point?.point ?? '?',
        inner: point?.inner ?? false,
        source: address(SIGHTING.source),
        sourcePort: records.uint16(row, SIGHTING.sourcePort),
        destination: address(SIGHTING.destination),
        destinationPort: records.uint16(row, SIGHTING.destinationPort),
        packets: records.float64(row, SIGHTING.packets),
        bytes: records.float64(row, SIGHTING.bytes),
        first: records.float64(row, SIGHTING.first) - offset,
        last: records.float64(row, SIGHTING.last) - offset,
      };
    });
  }
}
