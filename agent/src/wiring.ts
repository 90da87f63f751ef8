import type { Closable, LinkChange } from '../native/index.d.ts';
import type { Topology } from '../../src/model/topology.ts';
import type { Addon } from './collector/addon.ts';
import type { AttachedInterface } from './collector/attachedInterface.ts';
import type { Collection } from './collector/collection.ts';
import type { DropWatch } from './dropWatch.ts';
import type { PointFacts, PointRegistry } from './flows/pointRegistry.ts';
import type { WiredNamespaces } from './flows/wiredNamespaces.ts';
import type { Identifier } from './identity/identifier.ts';
import type { InventoryStore } from './identity/inventoryStore.ts';
import type { NodeSockets } from './nodeSockets.ts';
import { TopologyReader } from './topology/topologyReader.ts';

/** All is read again this often, milliseconds: statistics move all the time. */
const REFRESH = 5000;
/** Sysctls that change without an event are looked at this often, milliseconds: two short files. */
const SYSCTL_REFRESH = 1000;

/** What is told of the wiring whenever it was read. */
export interface WiringReaders {
  readonly points: PointRegistry;
  readonly identifier: Identifier;
  readonly drops: DropWatch;
  readonly sockets: NodeSockets;
  readonly wired: WiredNamespaces;
}

/** The node's wiring as it was last read, and whether it is time to read it again. */
export class Wiring {
  readonly #node: string;
  readonly #collection: Collection;
  readonly #inventory: InventoryStore;
  readonly #readers: WiringReaders;
  readonly #reader: TopologyReader;
  readonly #listeners = new Set<(topology: Topology) => void>();
  #topology: Topology | undefined;
  #stale = false;
  #readAt = 0;
  #sysctlsReadAt = 0;
  #inventoryVersion = 0;

  constructor(
    addon: Addon,
    node: string,
    collection: Collection,
    inventory: InventoryStore,
    readers: WiringReaders,
  ) {
    this.#node = node;
    this.#collection = collection;
    this.#inventory = inventory;
    this.#readers = readers;
    this.#reader = new TopologyReader({
      addon,
      node,
      watched: () => collection.namespaces,
      pods: inventory,
      isAttached: (netns, ifindex) => collection.isAttached(netns, ifindex),
    });
  }

  /** Reads it where it was not read before. */
  get topology(): Topology {
    return this.#topology ?? this.read();
  }

  /** Reads all of it now, and tells everybody. */
  read(): Topology {
    this.#readAt = Date.now();
    return this.#tell(this.#reader.read());
  }

  #tell(topology: Topology): Topology {
    this.#stale = false;
    this.#inventoryVersion = this.#inventory.version;
    this.#topology = topology;
    this.#readers.identifier.setTopology(topology);
    this.#readers.sockets.update(topology);
    for (const attached of this.#collection.attachedInterfaces) {
      const facts = this.#pointFacts(topology, attached);
      if (facts !== undefined) this.#readers.points.update(attached.index, facts);
    }
    this.#readers.drops.update(topology);
    this.#readers.wired.update(topology, this.#collection.attachedInterfaces);
    for (const listener of this.#listeners) listener(topology);
    return topology;
  }

  /** Something changed in a watched namespace, or in one that it has an id for: the next refresh reads that. */
  changed(netnsInode: number, change: LinkChange): void {
    this.#reader.changed(netnsInode, change);
    this.#stale = true;
  }

  /** The next refresh tells where our programs are attached now. */
  released(): void {
    this.#stale = true;
  }

  /** @param time when both directions began to count, milliseconds since the epoch */
  attached(attached: AttachedInterface, time: number): void {
    this.#readers.points.attached(attached.index, time);
    this.#stale = true;
  }

  /** Counted at once under its bare name; its part on the node is known after the next look at the wiring. */
  found(found: AttachedInterface): void {
    this.#readers.points.add(found.index, found.netnsIndex, {
      node: this.#node,
      netnsInode: found.netnsInode,
      interface: found.name,
      ifindex: found.ifindex,
      role: 'other',
      pod: null,
      inside: false,
    });
  }

  /** Calls back with the whole topology whenever it was read again. */
  onRead(listener: (topology: Topology) => void): Closable {
    this.#listeners.add(listener);
    return { close: () => this.#listeners.delete(listener) };
  }

  /** Reads again when it is time. @returns whether the wiring or the inventory changed since the last time */
  refresh(now: number): boolean {
    const isRenamed = this.#inventory.version !== this.#inventoryVersion;
    const stale = this.#stale || isRenamed || this.#hasSilentChange(now);
    if (isRenamed) this.#reader.podsChanged();
    if (now - this.#readAt >= REFRESH) this.read();
    else if (stale) this.#tell(this.#reader.readChanged());
    return stale;
  }

  #hasSilentChange(now: number): boolean {
    if (now - this.#sysctlsReadAt < SYSCTL_REFRESH) return false;
    this.#sysctlsReadAt = now;
    return this.#reader.hasSilentChange();
  }

  #pointFacts(topology: Topology, { netnsInode, ifindex }: AttachedInterface): PointFacts | undefined {
    const namespace = topology.namespaces.find(({ inode }) => inode === netnsInode);
    const found = namespace?.interfaces.find((candidate) => candidate.ifindex === ifindex);
    if (namespace === undefined || found === undefined) return undefined;
    return {
      node: this.#node,
      netnsInode,
      interface: found.name,
      ifindex,
      role: found.role,
      pod: found.pod,
      inside: namespace.pod !== null,
    };
  }
}
