import type { Flow, Sighting } from '../../../src/model/flow.ts';
import type { CountedView } from '../../../src/model/interfaceView/countedView.ts';
import { countedView } from '../../../src/model/interfaceView/countedView.ts';
import { interfaceView } from '../../../src/model/interfaceView/interfaceView.ts';
import { interfaceViewText } from '../../../src/model/interfaceView/interfaceViewText.ts';
import { NodeEnds } from '../../../src/model/interfaceView/nodeEnds.ts';
import type { KindSighting } from '../../../src/model/interfaceView/trafficCounts.ts';
import { kindsOfSightings, TrafficSum } from '../../../src/model/interfaceView/trafficCounts.ts';
import type { Topology } from '../../../src/model/topology.ts';

/** The table of one interface with what was counted: a line of the public JSON. */
export interface InterfaceTable extends CountedView {
  readonly node: string;
  readonly netns: number;
  readonly ifindex: number;
  readonly interface: string;
}

/** Flows whose last figures are kept one by one, because they may still turn out to be part of another. */
const MOST_FLOWS = 100_000;

/** Adds up what flows were seen at each interface, by kind of traffic, as they are printed. */
export class InterfaceSums {
  readonly #flows = new Map<string, readonly KindSighting[]>();
  /** Of flows that are not kept any more. */
  readonly #before = new Map<string, TrafficSum>();
  #topology: Topology | null = null;
  #ends: NodeEnds | null = null;

  /** Takes a flow with its totals so far, in the wiring of this moment. */
  take(flow: Flow, topology: Topology): void {
    if (this.#topology !== topology || this.#ends === null) this.#ends = new NodeEnds(topology);
    this.#topology = topology;
    this.#flows.delete(flow.id);
    this.#flows.set(flow.id, kindsOfSightings(flow, topology, this.#ends));
    if (this.#flows.size > MOST_FLOWS) this.#foldOldest();
  }

  /** The flow's figures are another's from now on. */
  forget(flow: string): void {
    this.#flows.delete(flow);
  }

  /** The tables of all interfaces where packets are counted. */
  tables(topology: Topology): InterfaceTable[] {
    const sums = this.#sums();
    return topology.namespaces.flatMap(({ inode: netns, interfaces }) =>
      interfaces.flatMap(({ ifindex, name, attached }) => {
        const view = attached ? interfaceView(topology, netns, ifindex) : null;
        if (view === null) return [];
        const { counts } = sums.get(keyOf({ netns, ifindex })) ?? new TrafficSum();
        return [{ node: topology.node, netns, ifindex, interface: name, ...countedView(view, counts) }];
      }),
    );
  }

  #sums(): ReadonlyMap<string, TrafficSum> {
    const sums = new Map([...this.#before].map(([key, sum]) => [key, sum.copy()]));
    for (const kinds of this.#flows.values()) addTo(sums, kinds);
    return sums;
  }

  #foldOldest(): void {
    const [oldest] = this.#flows;
    if (oldest === undefined) return;
    addTo(this.#before, oldest[1]);
    this.#flows.delete(oldest[0]);
  }
}

export function tableText({ node, interface: name, ...view }: InterfaceTable): string {
  return `${name} on ${node}\n${interfaceViewText(view)}\n`;
}

function addTo(sums: Map<string, TrafficSum>, kinds: readonly KindSighting[]): void {
  for (const { kind, seen } of kinds) {
    const key = keyOf(seen);
    const sum = sums.get(key) ?? new TrafficSum();
    sum.add(kind, seen.inner, seen);
    sums.set(key, sum);
  }
}

const keyOf = ({ netns, ifindex }: Pick<Sighting, 'netns' | 'ifindex'>): string => `${netns} ${ifindex}`;
