/** What the cluster itself says of its pods and Services, kept also of those that are gone meanwhile. */
import type { Cluster } from '../cluster.ts';
import { addressOf, nodeNamespace, NODES } from '../cluster.ts';
import { runIn } from '../../lab/commands.ts';
import { kubectl } from '../kubectl.ts';
import { LOOPBACK } from './ciliumTracked.ts';

export interface PodFacts {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly spec: {
    readonly nodeName?: string;
    readonly hostNetwork?: boolean;
    readonly containers: readonly { readonly name: string }[];
  };
  readonly status: {
    readonly phase: string;
    readonly podIPs?: readonly { readonly ip: string }[];
    readonly containerStatuses?: readonly { readonly name: string; readonly containerID?: string }[];
  };
}

export interface ServiceFacts {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly clusterIP?: string;
    readonly ports?: readonly { readonly port: number; readonly nodePort?: number }[];
  };
}

interface NodeFacts {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly podCIDR: string };
}

export class ClusterState {
  readonly #cluster: Cluster;
  /** By uid: the newest that kubectl gave. */
  readonly #pods = new Map<string, PodFacts>();
  readonly #services = new Map<string, ServiceFacts>();
  /** By node. */
  readonly #podRanges = new Map<string, string>();
  /** Names by `UID/CONTAINER-ID`, also of containers that were replaced. */
  readonly #containers = new Map<string, string>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  async read(): Promise<void> {
    const listing = await kubectl(this.#cluster, ['get', 'pods,services,nodes', '-A', '-o', 'json']);
    const { items } = JSON.parse(listing) as {
      items: (
        (PodFacts & { kind: 'Pod' }) | (ServiceFacts & { kind: 'Service' }) | (NodeFacts & { kind: 'Node' })
      )[];
    };
    for (const item of items) {
      if (item.kind === 'Pod') this.#takePod(item);
      else if (item.kind === 'Node') {
        this.#podRanges.set(item.metadata.name, item.spec.podCIDR);
      } else this.#services.set(`${item.metadata.namespace}/${item.metadata.name}`, item);
    }
  }

  pod(uid: string): PodFacts | null {
    return this.#pods.get(uid) ?? null;
  }

  /** The node of what is named as Sockets.ownerOf() does it; null where it is no pod. */
  nodeOf(owner: string): string | null {
    return this.#podOf(owner)?.spec.nodeName ?? null;
  }

  /** Whether its pod has no other container than the one that is named; also of what is no pod. */
  hasOneContainer(owner: string): boolean {
    return (this.#podOf(owner)?.spec.containers.length ?? 1) === 1;
  }

  #podOf(owner: string): PodFacts | null {
    const [, namespace, name] = /^pod ([^/]+)\/([^/]+)\//.exec(owner) ?? [];
    return namespace === undefined || name === undefined ? null : this.podNamed(namespace, name);
  }

  isInNodesNetwork(namespace: string, name: string): boolean {
    return isInNodesNetwork(this.podNamed(namespace, name));
  }

  /** The newest of this name. */
  podNamed(namespace: string, name: string): PodFacts {
    return this.#pod(namespace, (each) => each === name, name);
  }

  /** The newest whose name begins so: of those that a controller names. */
  podWithPrefix(namespace: string, prefix: string): PodFacts {
    return this.#pod(namespace, (each) => each.startsWith(prefix), `${prefix}…`);
  }

  #pod(namespace: string, isIt: (name: string) => boolean, text: string): PodFacts {
    const found = [...this.#pods.values()].findLast(
      ({ metadata }) => metadata.namespace === namespace && isIt(metadata.name),
    );
    if (found === undefined) throw new Error(`kubectl lists no pod ${namespace}/${text}`);
    return found;
  }

  /** Pods that have, or had, the address. */
  podsAt(address: string): readonly PodFacts[] {
    return [...this.#pods.values()].filter((pod) => addressesOf(pod).includes(address));
  }

  container(uid: string, containerId: string): string | null {
    return this.#containers.get(`${uid}/${containerId}`) ?? null;
  }

  service(namespace: string, name: string): ServiceFacts {
    const found = this.#services.get(`${namespace}/${name}`);
    if (found === undefined) throw new Error(`kubectl lists no Service ${namespace}/${name}`);
    return found;
  }

  servicesOf(namespace: string): readonly ServiceFacts[] {
    return [...this.#services.values()].filter(({ metadata }) => metadata.namespace === namespace);
  }

  /** The node whose tunnel device has the address, as flannel's have the first of the node's pod range. */
  tunnelOf(address: string): string | null {
    return [...this.#podRanges].find(([, range]) => range.replace(/\/.*/, '') === address)?.[0] ?? null;
  }

  /** Where the addresses of a node's pods are from. */
  podRangeOf(node: string): string {
    const range = this.#podRanges.get(node);
    if (range === undefined) throw new Error(`kubectl lists no node ${node}`);
    return range;
  }

  /** The node whose own address it is. */
  nodeAt(address: string): string | null {
    return NODES.find((node) => addressOf(this.#cluster, node) === address) ?? null;
  }

  /** The node whose cilium_host has the address: what the node sends to its own and other pods comes from it. */
  ciliumHostOf(address: string): string | null {
    if (this.#cluster.shape !== 'cilium') return null;
    const hasIt = (node: (typeof NODES)[number]): boolean =>
      runIn(nodeNamespace(this.#cluster.id, node), 'ip', [
        '-br',
        'address',
        'show',
        'dev',
        'cilium_host',
      ]).includes(` ${address}/`);
    return NODES.find(hasIt) ?? null;
  }

  /** Whether it is an address of a node, its bridge's among them: inside the cluster and no pod's. */
  isOfNode(address: string): boolean {
    return (
      address !== LOOPBACK &&
      address !== addressOf(this.#cluster, 'outside') &&
      this.podsAt(address).every(isInNodesNetwork)
    );
  }

  #takePod(pod: PodFacts): void {
    const { uid } = pod.metadata;
    // A pod that is about to go loses its address before kubectl stops listing it.
    const before = this.#pods.get(uid);
    const podIPs = pod.status.podIPs ?? before?.status.podIPs ?? [];
    this.#pods.delete(uid);
    this.#pods.set(uid, { ...pod, status: { ...pod.status, podIPs } });
    for (const { name, containerID } of pod.status.containerStatuses ?? []) {
      if (containerID) this.#containers.set(`${uid}/${containerID.replace(/^.*:\/\//, '')}`, name);
    }
  }
}

function isInNodesNetwork({ spec }: PodFacts): boolean {
  return spec.hostNetwork === true;
}

export function addressesOf(pod: PodFacts): string[] {
  return (pod.status.podIPs ?? []).map(({ ip }) => ip);
}
