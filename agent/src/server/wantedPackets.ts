import type { PacketFilter } from '../../native/index.d.ts';
import type { Topology } from '../../../src/model/topology.ts';
import type { InventoryStore } from '../identity/inventoryStore.ts';
import type { FlowsTarget } from './source.ts';

/** Whose packets are filtered, and what is known of pods there. */
export interface FilteredNode {
  readonly inventory: InventoryStore;
  readonly topology: Topology;
  setFilter(filter: PacketFilter | null): void;
}

/** More than this the kernel does not take. */
const MOST_ADDRESSES = 65_536;

/**
 * Narrows the kernel's filter to what the open streams together ask for. It never leaves out what a stream may want:
 * only pods by uid with known addresses of their own narrow anything, and without streams everything is counted.
 */
export class WantedPackets {
  readonly #node: FilteredNode;
  readonly #targets = new Set<FlowsTarget>();
  /** Text of the filter that is set; empty for none. */
  #set = '';

  constructor(node: FilteredNode) {
    this.#node = node;
  }

  /** A stream begins: at once nothing that it wants is filtered. Close the handle when it ends. */
  add(target: FlowsTarget): { close(): void } {
    // Two streams may ask for the same: each counts by itself.
    const own = { ...target };
    this.#targets.add(own);
    this.apply();
    return {
      close: () => {
        this.#targets.delete(own);
        this.apply();
      },
    };
  }

  /** Sets the filter again where streams, pods or the wiring changed it. */
  apply(): void {
    const addresses = this.#addresses();
    const text = addresses === null ? '' : [...addresses].sort().join();
    if (text === this.#set) return;
    this.#node.setFilter(addresses === null ? null : { addresses: [...addresses] });
    this.#set = text;
  }

  /** All addresses that are wanted; null for every packet. */
  #addresses(): Set<string> | null {
    if (this.#targets.size === 0) return null;
    const wanted = new Set<string>();
    for (const { podUids, namespaces } of this.#targets) {
      // A pod of a namespace may come up, and speak, before anybody told us of it.
      if (namespaces.length > 0 || podUids.length === 0) return null;
      for (const uid of podUids) {
        const own = this.#addressesOf(uid);
        if (own.length === 0) return null;
        for (const address of own) wanted.add(address);
      }
    }
    return wanted.size > MOST_ADDRESSES ? null : wanted;
  }

  /** Addresses that Kubernetes gave a pod and those inside its namespace; none where they do not tell its packets. */
  #addressesOf(uid: string): string[] {
    const pod = this.#node.inventory.pod(uid);
    if (pod === null || pod.spec.hostNetwork === true) return [];
    const given = (pod.status.podIPs ?? []).map(({ ip }) => ip).filter((ip) => ip !== '');
    if (given.length === 0) return [];
    const inside = this.#node.topology.namespaces
      .filter((namespace) => namespace.pod?.uid === uid)
      .flatMap(({ interfaces }) => interfaces.flatMap(({ addresses }) => addresses))
      .map((address) => address.replace(/\/.*$/, ''));
    return [...given, ...inside];
  }
}
