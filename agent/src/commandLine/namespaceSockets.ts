import type { NetworkNamespace } from '../../native/index.d.ts';
import type { NamespaceTopology, SocketEntry, Topology } from '../../../src/model/topology.ts';
import { findCgroupMount } from '../cgroups/cgroupMount.ts';
import { CgroupTree } from '../cgroups/cgroupTree.ts';
import type { Addon } from '../collector/addon.ts';
import { messageOf, unlessCode } from '../failure.ts';
import type { InventoryStore } from '../identity/inventoryStore.ts';
import { socketEntries } from '../identity/socketEntries.ts';
import { SocketOwners } from '../identity/socketOwners.ts';
import { SocketHolders } from '../sockets/socketHolder.ts';
import { SocketWatch } from '../sockets/socketWatch.ts';
import { UNREACHABLE } from '../topology/processNamespaces.ts';

export interface SocketRequest {
  readonly addon: Addon;
  readonly inventory: InventoryStore;
  /** Handles that are open. */
  readonly watched: readonly NetworkNamespace[];
  /** For messages to a person. */
  readonly tell: (message: string) => void;
}

/** The same topology with the sockets of its namespaces, each read once. */
export async function withSockets(topology: Topology, request: SocketRequest): Promise<Topology> {
  const { addon, inventory, watched, tell } = request;
  const cgroups = new CgroupTree(findCgroupMount());
  // Cgroups alone are asked: nobody waits for a table of sockets here.
  const unread = new SocketWatch({ watched: () => undefined, open: () => null }, tell);
  const owners = new SocketOwners(cgroups, unread, new SocketHolders(), inventory);
  const read = async ({ inode, path }: NamespaceTopology): Promise<SocketEntry[]> => {
    const known = watched.find((namespace) => namespace.inode === inode);
    const namespace = known ?? unlessCode(UNREACHABLE, () => new addon.NetworkNamespace(path));
    if (namespace === undefined) return [];
    try {
      return namespace.inode === inode ? socketEntries(await namespace.sockets(), cgroups, owners) : [];
    } catch (error) {
      tell(`the sockets of ${path} are not listed: ${messageOf(error)}`);
      return [];
    } finally {
      if (known === undefined) namespace.close();
    }
  };
  const namespaces: NamespaceTopology[] = [];
  for (const namespace of topology.namespaces) {
    namespaces.push({ ...namespace, sockets: await read(namespace) });
  }
  return { ...topology, namespaces };
}
