import type { NetworkNamespace } from '../native/index.d.ts';
import type { SocketEntry, Topology } from '../../src/model/topology.ts';
import { findCgroupMount } from './cgroups/cgroupMount.ts';
import { CgroupTree } from './cgroups/cgroupTree.ts';
import type { Addon } from './collector/addon.ts';
import { unlessCode } from './failure.ts';
import type { InventoryStore } from './identity/inventoryStore.ts';
import { socketEntries } from './identity/socketEntries.ts';
import { SocketOwners } from './identity/socketOwners.ts';
import { SocketHolders } from './sockets/socketHolder.ts';
import { SocketWatch } from './sockets/socketWatch.ts';
import { UNREACHABLE } from './topology/processNamespaces.ts';

export interface NodeSocketsOptions {
  readonly addon: Addon;
  readonly inventory: InventoryStore;
  /** Namespaces whose handles stay open. */
  watched(): readonly NetworkNamespace[];
  /** For messages to a person. */
  tell(message: string): void;
}

/** The node's cgroups and sockets, wired together and kept fresh. */
export class NodeSockets {
  readonly owners: SocketOwners;
  readonly #options: NodeSocketsOptions;
  readonly #cgroups: CgroupTree;
  readonly #sockets: SocketWatch;
  readonly #holders = new SocketHolders();
  /** Paths of namespaces by inode, as far as the wiring tells. */
  #paths = new Map<number, string>();

  constructor(options: NodeSocketsOptions) {
    this.#options = options;
    const mount = findCgroupMount();
    if (mount === null) {
      options.tell('the cgroups of the node cannot be read: owners of sockets are not known');
    }
    this.#cgroups = new CgroupTree(mount);
    const namespaces = {
      watched: (inode: number) => options.watched().find((namespace) => namespace.inode === inode),
      open: (inode: number) => this.#open(inode),
    };
    this.#sockets = new SocketWatch(namespaces, (message) => options.tell(message));
    this.owners = new SocketOwners(this.#cgroups, this.#sockets, this.#holders, options.inventory);
  }

  /** Grows when there is something new to know. */
  get news(): number {
    return this.#cgroups.version + this.#sockets.version + this.#holders.version;
  }

  /** The wiring was read again. Sockets of the watched namespaces are, too, so that it is known since when they are there. */
  update(topology: Topology): void {
    this.#paths = new Map(topology.namespaces.map(({ inode, path }) => [inode, path]));
    for (const { inode } of this.#options.watched()) this.#sockets.want(inode);
  }

  /** The sockets that a namespace of the wiring has now; null where there is none, or it cannot be entered. */
  async list(inode: number): Promise<readonly SocketEntry[] | null> {
    const watched = this.#options.watched().find((namespace) => namespace.inode === inode);
    const namespace = watched ?? this.#open(inode);
    if (namespace === null) return null;
    try {
      return socketEntries(await namespace.sockets(), this.#cgroups, this.owners);
    } finally {
      if (watched === undefined) namespace.close();
    }
  }

  /** An interval begins: looks again where something was not known. @param now milliseconds since the epoch */
  refresh(now: number): void {
    this.#holders.refill();
    this.#cgroups.refresh(now);
    this.#sockets.refresh(now);
  }

  /** Looks again at once and waits for it. */
  async refreshNow(): Promise<void> {
    this.#holders.refill();
    this.#cgroups.refreshNow(Date.now());
    await this.#sockets.refreshNow();
  }

  #open(inode: number): NetworkNamespace | null {
    const path = this.#paths.get(inode);
    if (path === undefined) return null;
    const namespace = unlessCode(UNREACHABLE, () => new this.#options.addon.NetworkNamespace(path));
    if (namespace === undefined || namespace.inode === inode) return namespace ?? null;
    namespace.close();
    return null;
  }
}
