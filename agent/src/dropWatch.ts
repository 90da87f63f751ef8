import type { DropCounters, DropTotal } from '../native/index.d.ts';
import type { DropCounts } from '../../src/model/ledger.ts';
import type { Topology } from '../../src/model/topology.ts';
import type { Addon } from './collector/addon.ts';
import type { Collection } from './collector/collection.ts';
import type { DropNames, DropPlace } from './flows/dropIntake.ts';
import type { DropLosses } from './flows/ledger.ts';
import type { PointRegistry } from './flows/pointRegistry.ts';

/** Reason of drops beyond what the kernel's table of totals holds. */
const OTHER = 'other';

/** Where the kernel's drops are counted: the observed namespaces and those of the node's pods, as they come and go. */
export class DropWatch implements DropNames {
  readonly #collection: Collection;
  readonly #points: PointRegistry;
  readonly #refusal: string | null;
  readonly #reasons: Readonly<Record<number, string>>;
  /** By index of the namespace and ifindex. */
  readonly #interfaces = new Map<string, string>();
  #observed: readonly number[] = [];
  #node = '';
  #stopped = false;

  /** @param tell is told once where the kernel does not tell of drops */
  constructor(addon: Addon, collection: Collection, points: PointRegistry, tell: (message: string) => void) {
    this.#collection = collection;
    this.#points = points;
    this.#refusal = collection.dropsRefusal();
    this.#reasons = this.#refusal === null ? addon.dropReasons() : {};
    if (this.#refusal !== null) {
      tell(`dropped packets and their reasons are not available: ${this.#refusal}`);
    }
  }

  get observed(): readonly number[] {
    return this.#observed;
  }

  reason(reason: number): string {
    return this.#reasons[reason] ?? `reason ${reason}`;
  }

  place(netns: number, ifindex: number): DropPlace {
    return {
      node: this.#node,
      netns: this.#points.inodeOf(netns),
      point: this.#interfaces.get(`${netns}/${ifindex}`) ?? null,
    };
  }

  /** Follows the node's wiring. */
  update(topology: Topology): void {
    if (this.#refusal !== null || this.#stopped) return;
    this.#node = topology.node;
    const observed = this.#collection.namespaces.map(({ inode }) => inode);
    const inodes = [...new Set([...observed, ...podNamespaces(topology, new Set(observed))])];
    const indices = this.#collection.watchDrops(inodes);
    this.#observed = indices.slice(0, observed.length);
    this.#interfaces.clear();
    for (const [at, index] of indices.entries()) {
      const inode = inodes[at] ?? 0;
      this.#points.nameNamespace(index, inode);
      const namespace = topology.namespaces.find((one) => one.inode === inode);
      for (const { ifindex, name } of namespace?.interfaces ?? []) {
        this.#interfaces.set(`${index}/${ifindex}`, name);
      }
    }
  }

  /** Counts no more: totals are final. */
  stop(): void {
    this.#stopped = true;
    if (this.#refusal === null) this.#collection.watchDrops([]);
  }

  /** @param attributed packets that are in rows */
  losses(attributed: number): DropLosses {
    const { totals, filtered, unclaimed, mapFull, eventsLost, suppressed, skipped } =
      this.#collection.drops();
    const total = totals.reduce((sum, { packets }) => sum + packets, mapFull);
    const counts: DropCounts = {
      available: this.#refusal === null,
      total,
      byReason: this.#byReason(totals, mapFull),
      // A drop may be in its row before its total is read on another CPU.
      unattributed: Math.max(0, total - attributed),
      filtered,
      unclaimed,
      skipped,
    };
    return { counts, eventsLost, suppressed };
  }

  #byReason(totals: readonly DropTotal[], mapFull: DropCounters['mapFull']): Record<string, number> {
    const byReason: Record<string, number> = {};
    for (const { reason, packets } of totals) {
      const name = this.reason(reason);
      byReason[name] = (byReason[name] ?? 0) + packets;
    }
    if (mapFull > 0) byReason[OTHER] = mapFull;
    return byReason;
  }
}

/** Namespaces of pods, named or not. */
function podNamespaces(topology: Topology, observed: ReadonlySet<number>): number[] {
  const named = topology.namespaces.filter(({ pod }) => pod !== null).map(({ inode }) => inode);
  const behindVeths = topology.namespaces
    .filter(({ inode }) => observed.has(inode))
    .flatMap(({ interfaces }) => interfaces)
    .flatMap(({ role, peer }) => (role === 'pod-veth' && peer !== null ? [peer.netns] : []));
  return [...named, ...behindVeths];
}
