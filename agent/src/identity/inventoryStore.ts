import type {
  EndpointSlice,
  InventoryObject,
  Namespace,
  Node,
  Pod,
  Service,
} from '../../../src/model/inventory.ts';
import type { PodReference } from '../../../src/model/topology.ts';
import { canonicalAddress } from './address.ts';
import { NodePorts } from './nodePorts.ts';
import { outsideEndpoints } from './outsideEndpoints.ts';
import { PodAddresses } from './podAddresses.ts';
import { PodContainers } from './podContainers.ts';
import { ServiceAddresses } from './serviceAddresses.ts';
import { serviceRanges } from './serviceRanges.ts';
import type { StoredPod, StoredService } from './storedObjects.ts';

/** What Kubernetes knows, keyed by uid, with the indices that identity asks. */
export class InventoryStore {
  /** By kind. */
  readonly #objects = {
    Pod: new Map<string, StoredPod>(),
    Service: new Map<string, StoredService>(),
    EndpointSlice: new Map<string, EndpointSlice>(),
    Node: new Map<string, Node>(),
    Namespace: new Map<string, Namespace>(),
  };
  /** Pods by the ids that their cgroups have. */
  readonly containers = new PodContainers<StoredPod>();
  readonly #podAddresses = new PodAddresses<StoredPod>();
  readonly #serviceAddresses = new ServiceAddresses<StoredService>();
  #servicesByName = new Map<string, StoredService>();
  #outsideEndpoints = new Map<string, string[]>();
  readonly #nodes = new Map<string, Node>();
  /** Names of nodes by the first address of their pod ranges. */
  readonly #firstAddresses = new Map<string, string>();
  #nodePorts = new NodePorts<StoredService>([], []);
  #stale = false;
  #version = 0;

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  get size(): number {
    return Object.values(this.#objects).reduce((sum, { size }) => sum + size, 0);
  }

  /** Takes a change over. With `reset` everything not in `upserts` is gone. `now` is milliseconds since the epoch. */
  update(
    change: { reset: boolean; upserts: readonly InventoryObject[]; deletedUids: readonly string[] },
    now: number,
  ): void {
    if (change.reset) {
      const kept = new Set(change.upserts.map(({ metadata }) => metadata.uid));
      for (const objects of Object.values(this.#objects)) {
        for (const uid of [...objects.keys()]) if (!kept.has(uid)) this.#delete(uid, now);
      }
    }
    for (const uid of change.deletedUids) this.#delete(uid, now);
    for (const object of change.upserts) this.#upsert(object, now);
    this.#podAddresses.forget(now);
    this.#serviceAddresses.forget(now);
    this.containers.forget(now);
    this.#stale = true;
    this.#version += 1;
  }

  /** Pods that had this address then; several when nothing decides. Pods on the host's network are left out. */
  podsAt(address: string, when: number): readonly StoredPod[] {
    return this.#podAddresses.podsAt(address, when);
  }

  /** Addresses that a pod got or lost since the last call. */
  takeChangedAddresses(): ReadonlySet<string> {
    return this.#podAddresses.takeChanged();
  }

  /** Services that had this cluster, external or load balancer address then. */
  servicesAt(address: string, when: number): readonly StoredService[] {
    return this.#serviceAddresses.at(address, when);
  }

  serviceNamed(namespace: string, name: string): StoredService | null {
    this.#index();
    return this.#servicesByName.get(`${namespace}/${name}`) ?? null;
  }

  /** Services, as namespace/name, whose endpoints were set by hand to this address. */
  outsideEndpointsAt(address: string): readonly string[] {
    this.#index();
    return this.#outsideEndpoints.get(address) ?? [];
  }

  nodeAt(address: string): Node | null {
    this.#index();
    return this.#nodes.get(address) ?? null;
  }

  /**
   * The node whose range of pod addresses begins with this one. flannel gives it to the node's tunnel device, other networks
   * may give it to a pod: who it is it does not say for sure.
   */
  nodeByFirstAddress(address: string): string | null {
    this.#index();
    return this.#firstAddresses.get(address) ?? null;
  }

  pod(uid: string): StoredPod | null {
    return this.#objects.Pod.get(uid) ?? null;
  }

  /** Who uses ports of the nodes. */
  get nodePorts(): NodePorts<StoredService> {
    this.#index();
    return this.#nodePorts;
  }

  /** Ranges that pods get their addresses from, with prefix length. */
  podRanges(): string[] {
    return [...this.#objects.Node.values()].flatMap((node) => node.spec.podCIDRs ?? []);
  }

  /** Ranges that cluster addresses come from, with prefix length. */
  serviceRanges(): string[] {
    return serviceRanges([...this.#objects.Service.values()].flatMap(({ spec }) => spec.clusterIPs ?? []));
  }

  podByUid(uid: string): (PodReference & { hostNetwork: boolean }) | null {
    // A static pod's processes have the uid that its node gave it.
    const pod = this.pod(uid) ?? this.containers.find(uid, null)?.pod ?? null;
    return pod === null ? null : { ...podReference(pod), hostNetwork: pod.spec.hostNetwork === true };
  }

  podByAddress(address: string): PodReference | null {
    const [pod, ...others] = this.podsAt(address, Date.now());
    return pod === undefined || others.length > 0 ? null : podReference(pod);
  }

  #upsert(object: InventoryObject, now: number): void {
    const { uid } = object.metadata;
    switch (object.kind) {
      case 'Pod':
        this.#upsertPod(object, now);
        break;
      case 'Service':
        this.#upsertService(object, now);
        break;
      case 'EndpointSlice':
        this.#objects.EndpointSlice.set(uid, object);
        break;
      case 'Node':
        this.#objects.Node.set(uid, object);
        break;
      case 'Namespace':
        this.#objects.Namespace.set(uid, object);
        break;
    }
  }

  #upsertPod({ kind, metadata, spec, status }: Pod, now: number): void {
    // Written out, which takes less memory than a spread.
    const pod: StoredPod = { kind, metadata, spec, status, identities: null };
    this.#objects.Pod.set(pod.metadata.uid, pod);
    this.containers.upsert(pod);
    if (pod.spec.hostNetwork !== true) this.#podAddresses.upsert(pod, now);
  }

  #upsertService({ kind, metadata, spec, status }: Service, now: number): void {
    const service: StoredService = { kind, metadata, spec, status, identities: null };
    this.#objects.Service.set(service.metadata.uid, service);
    this.#serviceAddresses.upsert(service, now);
  }

  #delete(uid: string, now: number): void {
    for (const objects of Object.values(this.#objects)) objects.delete(uid);
    this.#serviceAddresses.remove(uid, now);
    this.#podAddresses.remove(uid, now);
    this.containers.remove(uid, now);
  }

  #index(): void {
    if (!this.#stale) return;
    this.#stale = false;
    const { Pod: pods, Service: services, EndpointSlice: slices, Node: nodes } = this.#objects;
    this.#nodes.clear();
    this.#firstAddresses.clear();
    this.#nodePorts = new NodePorts(pods.values(), services.values());
    this.#servicesByName = new Map(
      [...services.values()].map((service) => [
        `${service.metadata.namespace ?? ''}/${service.metadata.name}`,
        service,
      ]),
    );
    this.#outsideEndpoints = outsideEndpoints(slices.values());
    for (const node of nodes.values()) {
      for (const { type, address } of node.status.addresses ?? []) {
        if (type.endsWith('IP')) this.#nodes.set(canonicalAddress(address), node);
      }
      for (const range of node.spec.podCIDRs ?? []) {
        this.#firstAddresses.set(canonicalAddress(range.replace(/\/.*/, '')), node.metadata.name);
      }
    }
  }
}

export function podReference(pod: Pod): PodReference {
  return { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name, uid: pod.metadata.uid };
}
