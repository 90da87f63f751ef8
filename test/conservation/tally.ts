/** What the agent says, added up by interface and direction while it says it: its output may be larger than memory. */
import type { Flow, ObservationPoint, Sighting } from '../../src/model/flow.ts';
import type { Ledger } from '../../src/model/ledger.ts';
import type { Direction } from '../lab/truth/packetCounters.ts';

/** Packets by the sightings of one interface and direction. */
export interface Sighted {
  packets: number;
  bytes: number;
  tcpPackets: number;
}

/** Hook directions of points; on loopback and interfaces of the node itself, what comes in goes to the host. */
const INGRESS: ReadonlySet<ObservationPoint> = new Set([
  'from-endpoint',
  'from-network',
  'from-overlay',
  'from-bridge',
  'to-host',
]);

export function directionOf(point: string): Direction {
  if (point === 'ingress' || point === 'egress') return point;
  return INGRESS.has(point as ObservationPoint) ? 'ingress' : 'egress';
}

export const pointKey = (netns: number, ifindex: number, direction: Direction): string =>
  `${netns}/${ifindex}/${direction}`;

export class Tally {
  readonly points = new Map<string, Sighted>();
  flows = 0;
  /** Of all sightings inside tunnels. */
  innerPackets = 0;
  ledger: Ledger | null = null;

  /** Takes one line of `observe --output jsonl --final --ledger`. */
  take(line: string): void {
    const parsed = JSON.parse(line) as Flow | { ledger: Ledger };
    if ('ledger' in parsed) {
      this.ledger = parsed.ledger;
      return;
    }
    this.flows += 1;
    for (const sighting of parsed.sightings) {
      // What is inside a tunnel repeats what the outer sightings count.
      if (sighting.inner) this.innerPackets += sighting.packets;
      else this.#add(sighting, parsed.protocol === 'tcp');
    }
  }

  of(netns: number, ifindex: number, direction: Direction): Sighted {
    return this.points.get(pointKey(netns, ifindex, direction)) ?? { packets: 0, bytes: 0, tcpPackets: 0 };
  }

  #add({ netns, ifindex, point, packets, bytes }: Sighting, tcp: boolean): void {
    const key = pointKey(netns, ifindex, directionOf(point));
    let sum = this.points.get(key);
    if (!sum) this.points.set(key, (sum = { packets: 0, bytes: 0, tcpPackets: 0 }));
    sum.packets += packets;
    sum.bytes += bytes;
    if (tcp) sum.tcpPackets += packets;
  }
}
