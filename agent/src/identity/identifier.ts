import type { Endpoint, Evidence } from '../../../src/model/endpoint.ts';
import type { ServiceReference } from '../../../src/model/flow.ts';
import type { Node, Pod, Service } from '../../../src/model/inventory.ts';
import type { PodReference, Topology } from '../../../src/model/topology.ts';
import { canonicalAddress, isSpecialAddress } from './address.ts';
import { AddressRanges } from './addressRanges.ts';
import type { Identity } from './identity.ts';
import { IdentityCache } from './identityCache.ts';
import type { InventoryStore } from './inventoryStore.ts';
import { workloadOf } from './workload.ts';

/** One end of a flow, as far as the packets tell. */
export interface Question {
  readonly address: string;
  readonly port: number;
  /** tcp, udp ... */
  readonly protocol: string;
  /** Time of the flow's first packet, milliseconds since the epoch. */
  readonly when: number;
  /** Inode of the namespace where it was seen. */
  readonly netns: number;
  /** The pod of the veth that the packet came from or went to on this end's side. */
  readonly vethPod: PodReference | null;
}

interface LocalAddress {
  readonly pod: PodReference | null;
}

const BY_ADDRESS: readonly Evidence[] = ['pod-ip'];
const BY_VETH: readonly Evidence[] = ['veth'];
const BY_VETH_AND_ADDRESS: readonly Evidence[] = ['veth', 'pod-ip'];

/** Says who an address is: by the veth its packets used, by the inventory at the time, by the node's own wiring. */
export class Identifier {
  readonly #inventory: InventoryStore;
  readonly #cache = new IdentityCache();
  #node = '';
  /** By namespace inode: addresses of its own interfaces. */
  #local = new Map<number, Map<string, LocalAddress>>();
  #ownRanges = new AddressRanges([]);
  #rangesVersion = -1;
  #bridgeRanges: string[] = [];

  constructor(inventory: InventoryStore) {
    this.#inventory = inventory;
  }

  /** Takes over what the node's interfaces say. */
  setTopology(topology: Topology): void {
    this.#node = topology.node;
    this.#local = new Map();
    this.#bridgeRanges = [];
    for (const namespace of topology.namespaces) {
      const addresses = new Map<string, LocalAddress>();
      this.#local.set(namespace.inode, addresses);
      for (const { role, addresses: ranges } of namespace.interfaces) {
        for (const range of ranges) {
          addresses.set(canonicalAddress(range.slice(0, range.lastIndexOf('/'))), { pod: namespace.pod });
          if (role === 'bridge') this.#bridgeRanges.push(range);
        }
      }
    }
    this.#rangesVersion = -1;
  }

  identify(question: Question): Identity {
    const pod = this.#pod(question);
    if (pod !== null) return pod;
    const service = this.#service(question);
    if (service !== null) return service;
    const node = this.#nodeOrLocal(question);
    if (node !== null) return node;
    return this.#stranger(question.address);
  }

  #pod({ address, when, netns, vethPod }: Question): Identity | null {
    const local = this.#local.get(netns)?.get(address)?.pod ?? null;
    const byVeth = vethPod ?? local;
    const pods = this.#inventory.podsAt(address, when);
    const own = byVeth === null ? null : this.#inventory.pod(byVeth.uid);
    const owns = byVeth !== null && (pods.some((pod) => pod.metadata.uid === byVeth.uid) || local !== null);
    if (own !== null && (owns || (own.status.podIPs ?? []).length === 0)) {
      return this.#ofPod(own, address, pods.includes(own) ? BY_VETH_AND_ADDRESS : BY_VETH);
    }
    const [pod, ...others] = pods;
    if (pod === undefined) return null;
    if (others.length === 0) return this.#ofPod(pod, address, BY_ADDRESS);
    return only({
      ...nobody(address),
      kind: 'pod',
      evidence: ['pod-ip'],
      candidates: pods.map(nameOf).sort(),
    });
  }

  #service({ address, port, protocol }: Question): Identity | null {
    const services = this.#inventory.servicesAt(address);
    if (services.length === 0) return null;
    const exact = services.filter((service) => servicePort(service, port, protocol) !== undefined);
    const [service, ...others] = exact.length > 0 ? exact : services;
    if (service === undefined) return null;
    if (others.length > 0) {
      const candidates = [service, ...others].map(nameOf).sort();
      return only({ ...nobody(address), kind: 'service', evidence: ['service-ip'], candidates });
    }
    const endpoint = serviceEndpoint(service, address, ['service-ip']);
    return {
      endpoint,
      service: serviceReference(service, address, port, protocol),
      serviceEndpoint: endpoint,
    };
  }

  #nodeOrLocal({ address, port, protocol, netns }: Question): Identity | null {
    const node = this.#inventory.nodeAt(address);
    const local = this.#local.get(netns)?.has(address) === true;
    if (node === null && !local) return null;
    const name = node?.metadata.name ?? this.#node;
    const published = this.#inventory.hostPortPods(name, port, protocol);
    const endpoint: Endpoint = {
      ...nobody(address),
      kind: 'node',
      name,
      uid: node?.metadata.uid ?? null,
      node: name,
      evidence: published.length > 0 ? ['node-ip', 'host-port'] : ['node-ip'],
      candidates: this.#sharing(name, node, port, protocol, published),
    };
    const [service, ...others] = this.#inventory.nodePortServices(port, protocol);
    if (service === undefined || others.length > 0) return only(endpoint);
    return {
      endpoint,
      service: serviceReference(service, address, port, protocol),
      serviceEndpoint: serviceEndpoint(service, address, ['node-ip']),
    };
  }

  /** Pods that share the node's address; those that declare the port, or all when none does. */
  #sharing(name: string, node: Node | null, port: number, protocol: string, published: Pod[]): string[] {
    if (published.length > 0) return published.map(nameOf).sort();
    const pods = node === null && this.#node !== name ? [] : this.#inventory.hostNetworkPods(name);
    const declaring = pods.filter((pod) =>
      pod.spec.containers.some((container) =>
        container.ports?.some(
          (p) => p.containerPort === port && (p.protocol ?? 'TCP').toLowerCase() === protocol,
        ),
      ),
    );
    return (declaring.length > 0 ? declaring : pods).map(nameOf).sort();
  }

  #ofPod(pod: Pod, address: string, evidence: readonly Evidence[]): Identity {
    return this.#cache.ofPod(pod, address, evidence, () => podEndpoint(pod, address, evidence));
  }

  #stranger(address: string): Identity {
    const ranges = this.#ranges();
    return this.#cache.ofAddress(address, () => {
      const inside = isSpecialAddress(address) || ranges.has(address);
      return { ...nobody(address), kind: inside ? 'unknown' : 'external' };
    });
  }

  #ranges(): AddressRanges {
    if (this.#rangesVersion !== this.#inventory.version) {
      this.#ownRanges = new AddressRanges([...this.#inventory.podRanges(), ...this.#bridgeRanges]);
      this.#rangesVersion = this.#inventory.version;
      this.#cache.forgetAddresses();
    }
    return this.#ownRanges;
  }
}

function only(endpoint: Endpoint): Identity {
  return { endpoint, service: null, serviceEndpoint: null };
}

function nobody(address: string): Endpoint {
  return {
    kind: 'unknown',
    namespace: null,
    name: null,
    uid: null,
    container: null,
    workload: null,
    node: null,
    address,
    names: [],
    evidence: ['none'],
    candidates: [],
  };
}

function podEndpoint(pod: Pod, address: string, evidence: readonly Evidence[]): Endpoint {
  const [container, ...others] = pod.spec.containers;
  return {
    kind: 'pod',
    namespace: pod.metadata.namespace ?? null,
    name: pod.metadata.name,
    uid: pod.metadata.uid,
    // With several containers the address does not say which one it was.
    container: others.length === 0 ? (container?.name ?? null) : null,
    workload: workloadOf(pod),
    node: pod.spec.nodeName ?? null,
    address,
    names: [],
    evidence,
    candidates: [],
  };
}

function serviceEndpoint(service: Service, address: string, evidence: readonly Evidence[]): Endpoint {
  return {
    ...nobody(address),
    kind: 'service',
    namespace: service.metadata.namespace ?? null,
    name: service.metadata.name,
    uid: service.metadata.uid,
    evidence,
  };
}

type ServicePort = NonNullable<Service['spec']['ports']>[number];

function servicePort(service: Service, port: number, protocol: string): ServicePort | undefined {
  return service.spec.ports?.find(
    (p) => (p.port === port || p.nodePort === port) && (p.protocol ?? 'TCP').toLowerCase() === protocol,
  );
}

function serviceReference(
  service: Service,
  address: string,
  port: number,
  protocol: string,
): ServiceReference {
  return {
    namespace: service.metadata.namespace ?? '',
    name: service.metadata.name,
    address,
    port,
    portName: servicePort(service, port, protocol)?.name ?? null,
    type: service.spec.type ?? 'ClusterIP',
  };
}

function nameOf({ metadata }: Pod | Service): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}
