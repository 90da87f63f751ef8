import type { ObservationPoint } from '../../../src/model/flow.ts';
import { pointName } from '../../../src/model/observationPoint.ts';
import type { InterfaceRole, PodReference } from '../../../src/model/topology.ts';

/** What is known of an interface that is observed. */
export interface PointFacts {
  readonly node: string;
  readonly netnsInode: number;
  readonly interface: string;
  readonly ifindex: number;
  readonly role: InterfaceRole;
  /** The pod at the other end of the veth, or whose namespace the interface is in. */
  readonly pod: PodReference | null;
  /** Whether the interface is inside the pod's own namespace, so that its directions are turned round. */
  readonly inside: boolean;
}

/** One interface and direction. */
export interface Point {
  readonly id: number;
  readonly egress: boolean;
  /** Inside the packets of a tunnel that pass here. */
  readonly inner: boolean;
  /** Wall time from which both directions of the interface count, milliseconds since the epoch; infinite before. */
  attachedAt: number;
  facts: PointFacts;
  name: ObservationPoint;
  /** pointRank() for packets of the client and of the server. */
  ranks: { readonly client: number; readonly server: number };
  /** Grows when facts change; a stream sends the name again then. */
  version: number;
}

/** Observation points by the number that flow records carry (bpf/flow.h `struct point_slot`). */
export class PointRegistry {
  readonly #live = new Map<number, Point>();
  readonly #byId = new Map<number, Point>();
  readonly #inodes = new Map<number, number>();
  #next = 1;

  /** A new interface: what had the same index before was another one. @param index Attachment.index */
  add(index: number, netnsIndex: number, facts: PointFacts): void {
    this.#inodes.set(netnsIndex, facts.netnsInode);
    for (const inner of [false, true]) {
      for (const egress of [false, true]) {
        const name = nameOf(facts, egress);
        const point = {
          id: this.#next++,
          egress,
          inner,
          attachedAt: Infinity,
          facts,
          name,
          ranks: ranksOf({ name, inner }),
          version: 1,
        };
        this.#live.set(liveKey(index, inner, egress), point);
        this.#byId.set(point.id, point);
      }
    }
  }

  /** Both directions count. @param time wall time of that, milliseconds since the epoch */
  attached(index: number, time: number): void {
    for (const point of this.#pointsOf(index)) point.attachedAt = time;
  }

  /** Better knowledge of the same interface. */
  update(index: number, facts: PointFacts): void {
    for (const point of this.#pointsOf(index)) {
      if (sameFacts(point.facts, facts)) continue;
      point.facts = facts;
      point.name = nameOf(facts, point.egress);
      point.ranks = ranksOf(point);
      point.version += 1;
    }
  }

  /** @param slotPoint index << 3 | inner << 2 | egress << 1 | from_high */
  lookup(slotPoint: number): Point | undefined {
    return this.#live.get(slotPoint >>> 1);
  }

  /** A namespace that records or events call by this index although nothing is attached there. */
  nameNamespace(netnsIndex: number, inode: number): void {
    this.#inodes.set(netnsIndex, inode);
  }

  /** Inode of the namespace that records call by this index; 0 when it is not known. */
  inodeOf(netnsIndex: number): number {
    return this.#inodes.get(netnsIndex) ?? 0;
  }

  get(id: number): Point | undefined {
    return this.#byId.get(id);
  }

  get all(): Iterable<Point> {
    return this.#byId.values();
  }

  #pointsOf(index: number): Point[] {
    return [0, 1, 2, 3].flatMap((part) => this.#live.get(index * 4 + part) ?? []);
  }
}

function nameOf({ role, inside }: PointFacts, egress: boolean): ObservationPoint {
  return pointName(role, inside, egress);
}

function ranksOf(point: Pick<Point, 'name' | 'inner'>): Point['ranks'] {
  return { client: pointRank(point, true), server: pointRank(point, false) };
}

function liveKey(index: number, inner: boolean, egress: boolean): number {
  return index * 4 + (inner ? 2 : 0) + (egress ? 1 : 0);
}

function sameFacts(a: PointFacts, b: PointFacts): boolean {
  return (
    a.interface === b.interface && a.role === b.role && a.pod?.uid === b.pod?.uid && a.inside === b.inside
  );
}

/** Nearest first: the sender's own veth, the receiver's, then the node's edge. */
const RANKS: readonly (readonly ObservationPoint[])[] = [
  [],
  [],
  ['from-network', 'to-network'],
  ['from-overlay', 'to-overlay'],
  ['from-bridge', 'to-bridge'],
  ['from-host', 'to-host'],
];

/**
 * How near a point is to the flow's local workload, 0 nearest. The client's veth comes before the server's, so for
 * packets of the client that is where they leave an endpoint, and for packets of the server where they reach one. What
 * is seen inside a tunnel comes last: it was not a packet of its own there.
 */
export function pointRank({ name, inner }: Pick<Point, 'name' | 'inner'>, fromClient: boolean): number {
  if (inner) return RANKS.length;
  if (name === 'from-endpoint') return fromClient ? 0 : 1;
  if (name === 'to-endpoint') return fromClient ? 1 : 0;
  return RANKS.findIndex((names) => names.includes(name));
}
