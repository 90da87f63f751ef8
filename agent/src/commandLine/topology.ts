import { interfaceView } from '../../../src/model/interfaceView/interfaceView.ts';
import { interfaceViewText } from '../../../src/model/interfaceView/interfaceViewText.ts';
import { podNetworkText } from '../../../src/model/podNetwork/podNetworkText.ts';
import type { InterfaceTopology, Topology } from '../../../src/model/topology.ts';
import type { NetworkNamespace } from '../../native/index.d.ts';
import { loadPayload } from '../collector/addon.ts';
import { Failure, messageOf } from '../failure.ts';
import { readInventoryFile } from '../identity/inventoryFile.ts';
import { InventoryStore } from '../identity/inventoryStore.ts';
import { networkOf } from './networkOfPod.ts';
import { withSockets } from './namespaceSockets.ts';
import { namespacePath } from '../topology/namespacePath.ts';
import { TopologyReader } from '../topology/topologyReader.ts';

export interface TopologyOptions {
  readonly netns: readonly string[];
  readonly inventory?: string;
  readonly node: string;
  readonly output: 'json' | 'table';
  /** How this pod got its network instead of the whole wiring. */
  readonly pod?: string;
  /** Also what each interface sees and cannot see. */
  readonly interfaceViews: boolean;
}

/** Prints the wiring once. Attaches nothing. */
export async function topology(options: TopologyOptions): Promise<void> {
  const inventory = new InventoryStore();
  if (options.inventory !== undefined) {
    const upserts = readInventoryFile(options.inventory);
    inventory.update({ reset: true, upserts, deletedUids: [] }, Date.now());
  }
  const { addon } = loadPayload();
  const paths = options.netns.length === 0 ? ['/proc/self/ns/net'] : options.netns.map(namespacePath);
  const watched: NetworkNamespace[] = [];
  try {
    for (const path of paths) watched.push(open(path, (file) => new addon.NetworkNamespace(file)));
    const found = new TopologyReader({
      addon,
      node: options.node,
      watched: () => watched,
      pods: inventory,
      isAttached: () => false,
    }).read();
    if (options.pod !== undefined) {
      const network = networkOf(found, options.pod);
      const text = options.output === 'json' ? JSON.stringify(network, null, 2) : podNetworkText(network);
      process.stdout.write(`${text}\n`);
      return;
    }
    if (options.output === 'table') {
      process.stdout.write(table(found) + (options.interfaceViews ? viewsText(found) : ''));
      return;
    }
    const tell = (message: string): unknown => process.stderr.write(`${message}\n`);
    const whole = await withSockets(found, { addon, inventory, watched, tell });
    const printed = options.interfaceViews ? withViews(whole) : whole;
    process.stdout.write(`${JSON.stringify(printed, null, 2)}\n`);
  } finally {
    for (const namespace of watched) namespace.close();
  }
}

function open(path: string, make: (path: string) => NetworkNamespace): NetworkNamespace {
  try {
    return make(path);
  } catch (error) {
    throw new Failure(
      `cannot open network namespace ${path}: ${messageOf(error)}`,
      'Entering another namespace needs root; give a file such as /proc/PID/ns/net or a name "ip netns list" prints.',
      { cause: error },
    );
  }
}

function table({ namespaces }: Topology): string {
  return namespaces
    .map(({ inode, path, pod, interfaces }) => {
      const owner = pod === null ? '' : `  pod ${pod.namespace}/${pod.name}`;
      return [`namespace ${inode}  ${path}${owner}`, ...interfaces.map(interfaceLine), ''].join('\n');
    })
    .join('\n');
}

/** Each interface with its *Sees / Cannot see* table as `view`. */
function withViews(topology: Topology): object {
  const namespaces = topology.namespaces.map((namespace) => ({
    ...namespace,
    interfaces: namespace.interfaces.map((link) => ({
      ...link,
      view: interfaceView(topology, namespace.inode, link.ifindex),
    })),
  }));
  return { ...topology, namespaces };
}

/** The tables of the node's own interfaces. */
function viewsText(topology: Topology): string {
  const [own] = topology.namespaces;
  const texts = own?.interfaces.flatMap(({ ifindex, name }) => {
    const view = interfaceView(topology, own.inode, ifindex);
    return view === null ? [] : [`${name} on ${topology.node}\n${interfaceViewText(view)}`];
  });
  return texts?.join('\n') ?? '';
}

function interfaceLine(link: InterfaceTopology): string {
  const cells = [
    String(link.ifindex).padStart(5),
    link.name.padEnd(16),
    link.role.padEnd(9),
    (link.kind === '' ? '-' : link.kind).padEnd(9),
    link.state.padEnd(8),
    link.addresses.join(' ').padEnd(20),
    link.peer === null ? '' : `peer ${link.peer.name}@${link.peer.netns}`,
    link.pod === null ? '' : `pod ${link.pod.namespace}/${link.pod.name}`,
  ];
  return cells.join(' ').trimEnd();
}
