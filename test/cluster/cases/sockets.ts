/** Whose sockets there are and what passed through them, as ss(8) says: asked of each network namespace by itself. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { netnsPath } from '../../lab/commands.ts';
import { cgroupHierarchies } from '../cgroups.ts';
import { nodeCgroup, nodeNamespace, NODES, outsideNamespace } from '../cluster.ts';
import type { Cluster } from '../cluster.ts';
import { run } from '../command.ts';
import type { ClusterState, PodFacts } from './clusterState.ts';
import { namespaceOfMachine } from './place.ts';
import type { Place } from './place.ts';
import type { TrackedPath } from './tracked.ts';

export interface SocketAddress {
  readonly address: string;
  readonly port: number;
}

export interface SocketFacts {
  readonly local: SocketAddress;
  readonly peer: SocketAddress;
  /** Path below the machine's root of cgroup v2. */
  readonly cgroup: string;
  /** Commands of the processes that hold it. */
  readonly processes: readonly string[];
  /** Wire segments, with handshake, acknowledgements and what was sent again. */
  readonly segmentsOut: number;
  readonly segmentsIn: number;
  /** Payload, with what was sent again. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Whether something was sent again or came out of order: then the length of headers varies. */
  readonly hadLosses: boolean;
}

export class Sockets {
  readonly #cluster: Cluster;
  readonly #state: ClusterState;
  readonly #namespace: string;

  /** @param namespace of the pods that places name */
  constructor(cluster: Cluster, state: ClusterState, namespace: string) {
    this.#cluster = cluster;
    this.#state = state;
    this.#namespace = namespace;
  }

  /** The network namespace of a place. */
  namespaceAt(place: Place): string {
    if (place.kind === 'outside') return outsideNamespace(this.#cluster.id);
    if (place.kind === 'node') return nodeNamespace(this.#cluster.id, place.node);
    return this.#namespaceOfPod(this.#state.podNamed(this.#namespace, place.pod));
  }

  /** The network namespace that has the address now. */
  namespaceOf(address: string): string {
    const machine = namespaceOfMachine(this.#cluster, address);
    if (machine !== null) return machine;
    const pod = this.#state
      .podsAt(address)
      .find(({ metadata }) => this.#processesOf(metadata.uid).length > 0);
    if (pod === undefined) throw new Error(`no pod with processes has the address ${address}`);
    return this.#namespaceOfPod(pod);
  }

  /** Owners of the UDP sockets that take what comes to a port. */
  async receivers(netns: string, port: number): Promise<string[]> {
    const found = await ss(netns, ['-HOunapi', '--cgroup', 'sport', '=', `:${port}`]);
    return found.map((socket) => this.ownerOf(socket)).sort();
  }

  /** The connected TCP socket at a local address, and with this peer where one is given; null where there is none. */
  async connected(netns: string, localPort: number, peer?: SocketAddress): Promise<SocketFacts | null> {
    const filter = ['sport', '=', `:${localPort}`, ...(peer ? ['dport', '=', `:${peer.port}`] : [])];
    const listed = await ss(netns, ['-HOtnpi', '--cgroup', 'state', 'established', ...filter]);
    const lines = listed.filter((socket) => peer === undefined || socket.peer.address === peer.address);
    if (lines.length > 1) {
      throw new Error(`ss shows ${lines.length} sockets of port ${localPort} in ${netns}`);
    }
    return lines[0] ?? null;
  }

  /** `pod NAMESPACE/NAME/CONTAINER`, `process COMMAND`, or `external ADDRESS` of who has no place in the cluster. */
  ownerOf(socket: SocketFacts): string {
    const [, uid, container] = /\/pod([0-9a-f-]{36})\/([0-9a-f]{64})/.exec(socket.cgroup) ?? [];
    if (uid !== undefined && container !== undefined) return this.#podText(uid, container);
    const isNodes = NODES.some((node) => socket.cgroup.startsWith(`/${nodeCgroup(this.#cluster.id, node)}`));
    if (!isNodes) return `external ${socket.local.address}`;
    return `process ${socket.processes[0] ?? '?'}`;
  }

  #podText(uid: string, containerId: string): string {
    const pod = this.#state.pod(uid);
    const container = this.#state.container(uid, containerId);
    if (pod === null || container === null) throw new Error(`kubectl does not list the pod ${uid}`);
    return `pod ${pod.metadata.namespace}/${pod.metadata.name}/${container}`;
  }

  #namespaceOfPod({ metadata }: PodFacts): string {
    const [pid] = this.#processesOf(metadata.uid);
    if (pid === undefined) throw new Error(`${metadata.name} has no processes`);
    return `/proc/${pid}/ns/net`;
  }

  /** The socket that answers on a path. */
  async serverOf({ final }: TrackedPath): Promise<SocketFacts> {
    const netns = this.namespaceOf(final.destination);
    const peer = { address: final.source, port: final.sourcePort };
    const socket = await this.connected(netns, final.destinationPort, peer);
    if (socket === null) throw new Error(`ss shows no socket of ${JSON.stringify(final)} in ${netns}`);
    return socket;
  }

  /** Processes in the pod's own cgroups, as this machine numbers them. */
  #processesOf(uid: string): string[] {
    const { unified } = cgroupHierarchies();
    return NODES.flatMap((node) => {
      const folder = join(unified, nodeCgroup(this.#cluster.id, node));
      return globSync(`kubepods/**/pod${uid}/*/cgroup.procs`, { cwd: folder }).flatMap((file) =>
        readFileSync(join(folder, file), 'utf8').split('\n').filter(Boolean),
      );
    });
  }
}

/** Not waited for in this thread: it also sends the agents' heartbeats. */
async function ss(netns: string, args: readonly string[]): Promise<SocketFacts[]> {
  const listing = await run('nsenter', [`--net=${netnsPath(netns)}`, '--', 'ss', ...args]);
  return listing.split('\n').filter(Boolean).map(parse);
}

/** A line of `ss -HOtnpi --cgroup`. Fields that are zero are left out by ss. */
function parse(line: string): SocketFacts {
  const [, local = '', peer = ''] = /^\S*\s*\d+\s+\d+\s+(\S+:\d+)\s+(\S+:[\d*]+)/.exec(line) ?? [];
  const field = (name: string): number => Number(new RegExp(`\\s${name}:(\\d+)`).exec(line)?.[1] ?? 0);
  return {
    local: socketAddress(local),
    peer: socketAddress(peer),
    cgroup: /cgroup:(\S+)/.exec(line)?.[1] ?? '',
    processes: [...line.matchAll(/\("([^"]+)",pid=/g)].map(([, name = '']) => name),
    segmentsOut: field('segs_out'),
    segmentsIn: field('segs_in'),
    bytesSent: field('bytes_sent'),
    bytesReceived: field('bytes_received'),
    hadLosses: /\s(retrans|bytes_retrans|rcv_ooopack|dsack_dups|lost|reordering|reord_seen):/.test(line),
  };
}

function socketAddress(text: string): SocketAddress {
  const colon = text.lastIndexOf(':');
  // A socket of both families shows an IPv4 peer as ::ffff:ADDRESS.
  const address = text.slice(0, colon).replaceAll(/[[\]]|::ffff:/g, '');
  return { address: address.replace(/%.*$/, ''), port: Number(text.slice(colon + 1)) };
}
