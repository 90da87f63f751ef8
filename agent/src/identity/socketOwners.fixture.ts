/** A node with cgroups in a folder of their own and made-up sockets, for tests of identity. */
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InventoryObject, Node, Pod } from '../../../src/model/inventory.ts';
import type { Topology } from '../../../src/model/topology.ts';
import { CgroupTree } from '../cgroups/cgroupTree.ts';
import { viewOf } from '../collector/flowLayout.ts';
import { keyOf } from '../collector/flowKey.fixture.ts';
import { SocketHolders } from '../sockets/socketHolder.ts';
import type { TestSocket } from '../sockets/socketTable.fixture.ts';
import { socketRecords } from '../sockets/socketTable.fixture.ts';
import { SocketWatch } from '../sockets/socketWatch.ts';
import { Identifier } from './identifier.ts';
import { InventoryStore } from './inventoryStore.ts';
import type { Identity } from './identity.ts';
import type { Question } from './question.ts';
import type { SocketClues } from './socketOwners.ts';
import { SocketOwners } from './socketOwners.ts';

export const START = Date.parse('2026-01-01T10:00:00Z');
export const NODE_ADDRESS = '172.30.0.11';
export const NETNS = 1;
const NUMBERS = { tcp: 6, udp: 17, icmp: 1 } as const;

const NODE: Node = {
  kind: 'Node',
  metadata: { name: 'node-a', uid: 'uid-node-a' },
  spec: {},
  status: { addresses: [{ type: 'InternalIP', address: NODE_ADDRESS }] },
};

/** Number in the place of a uid's and a container id's digits. */
export const uidOf = (pod: number): string => `00000000-0000-4000-8000-${String(pod).padStart(12, '0')}`;
export const containerId = (number: number): string => number.toString(16).padStart(64, '0');

/** A pod in the node's network with one container of its own number, unless told otherwise. */
export function testPod(
  number: number,
  changes: Partial<Pod['spec']> & { ip?: string; uid?: string } = {},
): Pod {
  const { ip, uid, ...spec } = changes;
  return {
    kind: 'Pod',
    metadata: { name: `pod-${number}`, namespace: 'shop', uid: uid ?? uidOf(number) },
    spec: { nodeName: 'node-a', hostNetwork: ip === undefined, containers: [{ name: 'main' }], ...spec },
    status: {
      phase: 'Running',
      podIPs: [{ ip: ip ?? NODE_ADDRESS }],
      startTime: new Date(START).toISOString(),
      containerStatuses: [{ name: 'main', containerID: `containerd://${containerId(number)}` }],
    },
  };
}

function topology(namespaces: Topology['namespaces']): Topology {
  return { node: 'node-a', kernel: '6.18', sysctls: {}, namespaces };
}

export interface Asked extends Partial<Pick<Question, 'protocol' | 'vethPod'>> {
  readonly address?: string;
  readonly port: number;
  readonly otherPort?: number;
  readonly clues?: Partial<SocketClues>;
}

export class TestNode {
  readonly inventory = new InventoryStore();
  readonly tree: CgroupTree;
  readonly watch: SocketWatch;
  readonly identifier: Identifier;
  readonly messages: string[] = [];
  /** Wall time. */
  now = START;
  sockets: TestSocket[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'vethscope-cgroups-'));

  constructor() {
    this.tree = new CgroupTree(this.#folder);
    const handle = {
      sockets: () => Promise.resolve(Buffer.from(socketRecords(this.sockets))),
      close: () => {},
    };
    const namespaces = { watched: () => handle, open: () => handle };
    this.watch = new SocketWatch(
      namespaces,
      (message) => this.messages.push(message),
      () => this.now,
    );
    const owners = new SocketOwners(this.tree, this.watch, new SocketHolders(), this.inventory);
    this.identifier = new Identifier(this.inventory, owners);
    this.push(NODE);
    const [uplink] = [{ role: 'uplink', addresses: [`${NODE_ADDRESS}/24`] }] as unknown as [
      Topology['namespaces'][0]['interfaces'][0],
    ];
    const none = { path: '', routes: [], neighbours: [], fdb: [], sockets: [] };
    this.identifier.setTopology(topology([{ ...none, inode: NETNS, pod: null, interfaces: [uplink] }]));
  }

  push(...upserts: InventoryObject[]): void {
    this.inventory.update({ reset: false, upserts, deletedUids: [] }, START);
  }

  /** Makes a cgroup and knows it. @returns its id */
  cgroup(path: string): number {
    const folder = join(this.#folder, path);
    mkdirSync(folder, { recursive: true });
    const id = statSync(folder).ino;
    this.tree.path(id);
    this.tree.refreshNow(this.now);
    return id;
  }

  /** Of a pod's only container. */
  podCgroup(number: number, pod = number): number {
    return this.cgroup(`kubepods/burstable/pod${uidOf(pod)}/${containerId(number)}`);
  }

  removeCgroup(path: string): void {
    rmSync(join(this.#folder, path), { recursive: true });
    this.tree.path(Number.MAX_SAFE_INTEGER - this.now);
    this.tree.refreshNow(this.now);
  }

  /** Reads the sockets as they are now, which takes a moment. */
  async dump(): Promise<void> {
    this.watch.want(NETNS);
    const read = this.watch.refreshNow();
    this.now += 1;
    await read;
  }

  ask({
    address = NODE_ADDRESS,
    port,
    otherPort = 4000,
    protocol = 'tcp',
    vethPod = null,
    clues,
  }: Asked): Identity {
    const { key, fromHigh } = keyOf({
      ...{ from: address, fromPort: port, to: '10.9.9.9', toPort: otherPort },
      ...{ protocol: NUMBERS[protocol as keyof typeof NUMBERS], netns: 1 },
    });
    const socket: SocketClues = {
      ...{ end: { view: viewOf(key), offset: 0, high: fromHigh }, cgroup: 0, others: [], opened: null },
      ...{ first: this.now, last: this.now },
      ...clues,
    };
    return this.identifier.identify({
      ...{ address, port, protocol, when: this.now, netns: NETNS, vethPod },
      socket,
    });
  }

  close(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
