import type { Topology } from '../topology.ts';
import type { FlowPath, PathQuestion } from './flowPath.ts';
import { flowWays } from './flowWays.ts';
import { pathOf } from './pathOf.ts';
import type { Walked } from './walked.ts';
import { Wirings } from './wirings.ts';

/**
 * Computes the path of one flow again and again, and keeps in mind when its ways changed: what was seen before that was
 * seen on other ways, and at a point of a new way nothing can have been seen yet.
 */
export class PathMemory {
  readonly #now: () => number;
  /** Whose ways: a name or a translation that is known later makes other ways without any change of the wiring. */
  #flow = '';
  #ways = '';
  #changed: number | null = null;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** When the ways became what they are, milliseconds since the epoch; null where that was not seen. */
  get changed(): number | null {
    return this.#changed;
  }

  pathOf(flow: PathQuestion, topologies: readonly Topology[]): FlowPath {
    const { request, reply } = flowWays(flow, new Wirings(topologies));
    const asked = JSON.stringify([
      flow.client.uid,
      flow.client.address,
      flow.server.uid,
      flow.server.address,
      flow.nat,
    ]);
    const ways = JSON.stringify([wayKey(request), wayKey(reply)]);
    if (asked === this.#flow && ways !== this.#ways) this.#changed = this.#now();
    this.#flow = asked;
    this.#ways = ways;
    return pathOf(flow, topologies, this.#changed);
  }
}

function wayKey({ steps, ending }: Walked): unknown {
  return [
    ending.text,
    ...steps
      .filter(({ aside }) => aside?.kind !== 'some')
      .map(({ at, egress, inner, tuple }) => [
        at.place.node,
        at.place.namespace.inode,
        at.link.ifindex,
        egress,
        inner,
        tuple,
      ]),
  ];
}
