import type { Endpoint, Evidence } from '../../../src/model/endpoint.ts';
import type { ServiceReference } from '../../../src/model/flow.ts';
import type { Node, Pod, Service } from '../../../src/model/inventory.ts';
import type { PodReference, Topology } from '../../../src/model/topology.ts';
import { canonicalAddress, isGroupAddress, isLoopback, isSpecialAddress } from './address.ts';
import { AddressRanges } from './addressRanges.ts';
import { nameOf, nobody, only } from './endpoints.ts';
import { HostEnds } from './hostEnds.ts';
import type { Identity } from './identity.ts';
import { IdentityCache } from './identityCache.ts';
import type { InventoryStore } from './inventoryStore.ts';
import { PodEnds } from './podEnds.ts';
import type { Question } from './question.ts';
import type { SocketOwners } from './socketOwners.ts';

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
  readonly #pods: PodEnds;
  readonly #hosts: HostEnds;

  /** @param owners null where sockets are not looked at */
  constructor(inventory: InventoryStore, owners: SocketOwners | null = null) {
    this.#inventory = inventory;
    this.#pods = new PodEnds(owners, this.#cache);
    this.#hosts = new HostEnds(owners, this.#cache);
  }

  /** UDP ports of the node's own tunnel devices. */
  setTunnelPorts(ports: ReadonlySet<number>): void {
    this.#hosts.tunnelPorts = ports;
  }

  /** Takes over what the node's interfaces say. */
  setTopology(topology: Topology): void {
    this.#node = topology.node;
    this.#local = new Map();
    this.#bridgeRanges = [];
    this.#pods.setNamespaces(topology.namespaces);
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

  #pod(question: Question): Identity | null {
    const { address, when, netns, vethPod, socket } = question;
    const local = this.#local.get(netns)?.get(address)?.pod ?? null;
    const byVeth = vethPod ?? local;
    const pods = this.#inventory.podsAt(address, when);
    const own = byVeth === null ? null : this.#inventory.pod(byVeth.uid);
    const owns = byVeth !== null && (pods.some((pod) => pod.metadata.uid === byVeth.uid) || local !== null);
    if (own !== null && !owns && pods.length > 0 && this.#mayBeNew(own, address)) {
      return this.#pods.choose([...pods, own], address, socket);
    }
    if (own !== null && (owns || this.#mayBeNew(own, address))) {
      return this.#pods.identify(own, address, pods.includes(own) ? BY_VETH_AND_ADDRESS : BY_VETH, socket);
    }
    const [pod, ...others] = pods;
    if (pod === undefined) return null;
    if (others.length === 0) return this.#pods.identify(pod, address, BY_ADDRESS, socket);
    return this.#pods.choose(pods, address, socket);
  }

  /** Whether it may be a pod's that has not said its address yet; a bridge floods it with what is for others, too. */
  #mayBeNew(pod: Pod, address: string): boolean {
    if ((pod.status.podIPs ?? []).length > 0 || isGroupAddress(address)) return false;
    return this.#inventory.nodeAt(address) === null && this.#inventory.servicesAt(address).length === 0;
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
      pending: false,
    };
  }

  #nodeOrLocal(question: Question): Identity | null {
    const { address, port, protocol, netns } = question;
    const node = this.#inventory.nodeAt(address);
    const own = this.#local.get(netns);
    const local = own !== undefined && (own.has(address) || isLoopback(address));
    if (node === null && !local) return null;
    const name = node?.metadata.name ?? this.#node;
    const published = this.#inventory.nodePorts.publishing(name, port, protocol);
    const bare = (): Endpoint => ({
      ...nobody(address),
      kind: 'node',
      name,
      uid: node?.metadata.uid ?? null,
      node: name,
      evidence: published.length > 0 ? ['node-ip', 'host-port'] : ['node-ip'],
      candidates: this.#sharing(name, node, port, protocol, published),
    });
    const [service, ...others] = this.#inventory.nodePorts.services(port, protocol);
    const isForwarded = published.length > 0 || service !== undefined;
    const owner = local ? this.#hosts.identify({ address, name, bare }, question, isForwarded) : only(bare());
    if (owner.endpoint.kind !== 'node' || service === undefined || others.length > 0) return owner;
    return {
      ...owner,
      service: serviceReference(service, address, port, protocol),
      serviceEndpoint: serviceEndpoint(service, address, ['node-ip']),
    };
  }

  /** Pods that share the node's address; those that declare the port, or all when none does. */
  #sharing(
    name: string,
    node: Node | null,
    port: number,
    protocol: string,
    published: readonly Pod[],
  ): string[] {
    if (published.length > 0) return published.map(nameOf).sort();
    const pods = node === null && this.#node !== name ? [] : this.#inventory.nodePorts.sharing(name);
    const declaring = pods.filter((pod) =>
      pod.spec.containers.some((container) =>
        container.ports?.some(
          (p) => p.containerPort === port && (p.protocol ?? 'TCP').toLowerCase() === protocol,
        ),
      ),
    );
    return (declaring.length > 0 ? declaring : pods).map(nameOf).sort();
  }

  #stranger(address: string): Identity {
    const ranges = this.#ranges();
    return this.#cache.ofAddress(address, () => {
      const inside = isSpecialAddress(address) || ranges.has(address);
      const node = this.#inventory.nodeByFirstAddress(address);
      const candidates = node === null ? [] : [`node ${node}`];
      return { ...nobody(address), kind: inside ? 'unknown' : 'external', candidates };
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
