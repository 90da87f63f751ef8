import type { Endpoint, Evidence } from '../../../src/model/endpoint.ts';
import { unknownEndpoint } from '../../../src/model/endpoint.ts';
import type { ServiceReference } from '../../../src/model/flow.ts';
import type { Node, Pod, Service } from '../../../src/model/inventory.ts';
import type { PodReference, Topology } from '../../../src/model/topology.ts';
import { canonicalAddress, directedBroadcast, isGroupAddress, isLoopback } from './address.ts';
import { addressLabel } from './addressLabel.ts';
import { AddressRanges } from './addressRanges.ts';
import { evidenceOf, nameOf, only } from './endpoints.ts';
import { HostEnds } from './hostEnds.ts';
import type { Identity } from './identity.ts';
import { KnownEndpoint } from './identity.ts';
import { IdentityCache } from './identityCache.ts';
import type { InventoryStore } from './inventoryStore.ts';
import { PodEnds } from './podEnds.ts';
import type { Question } from './question.ts';
import type { SocketOwners } from './socketOwners.ts';
import type { StoredPod, StoredService } from './storedObjects.ts';

interface LocalAddress {
  readonly pod: PodReference | null;
}

const BY_ADDRESS = evidenceOf('pod-ip');
const BY_VETH = evidenceOf('veth');
const BY_VETH_AND_ADDRESS = evidenceOf('veth', 'pod-ip');
const BY_SERVICE_ADDRESS = evidenceOf('service-ip');
const BY_NODE_ADDRESS = evidenceOf('node-ip');
const BY_CILIUM_ADDRESS = evidenceOf('node-ip', 'cilium-ip');
const BY_HOST_PORT = evidenceOf('node-ip', 'host-port');

interface NamedRange {
  readonly name: string;
  readonly range: AddressRanges;
}

/** Where a client connects to. */
export type AskedEnd = Pick<Question, 'address' | 'port' | 'protocol'>;

/** [hostname.]service.namespace.svc of the usual cluster domain. */
const CLUSTER_NAME = /^(?:[^.]+\.)?([^.]+)\.([^.]+)\.svc\.cluster\.local$/;
const BY_DNS = evidenceOf('dns');
const BROADCAST = { text: 'broadcast', isInside: true };

/** Says who an address is: by the veth its packets used, by the inventory at the time, by the node's own wiring. */
export class Identifier {
  readonly #inventory: InventoryStore;
  readonly #nodeBehind: (address: string) => string | null;
  readonly #cache = new IdentityCache();
  #node = '';
  /** By namespace inode: addresses of its own interfaces. */
  #local = new Map<number, Map<string, LocalAddress>>();
  #ownRanges: readonly NamedRange[] = [];
  #rangesVersion = -1;
  #bridgeRanges: string[] = [];
  /** Of ranges that interfaces have addresses in. */
  readonly #broadcasts = new Set<string>();
  readonly #pods: PodEnds;
  readonly #hosts: HostEnds;

  /**
   * @param owners null where sockets are not looked at @param nodeBehind an address that Kubernetes has of the node whose
   * address it is by Cilium; null where that says nothing
   */
  constructor(
    inventory: InventoryStore,
    owners: SocketOwners | null = null,
    nodeBehind: (address: string) => string | null = () => null,
  ) {
    this.#inventory = inventory;
    this.#nodeBehind = nodeBehind;
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
    this.#broadcasts.clear();
    this.#pods.setNamespaces(topology.namespaces);
    for (const namespace of topology.namespaces) {
      const addresses = new Map<string, LocalAddress>();
      this.#local.set(namespace.inode, addresses);
      for (const { role, addresses: ranges } of namespace.interfaces) {
        for (const range of ranges) {
          addresses.set(canonicalAddress(range.slice(0, range.lastIndexOf('/'))), { pod: namespace.pod });
          const broadcast = directedBroadcast(range);
          if (broadcast !== null) this.#broadcasts.add(broadcast);
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

  /**
   * The Service that a client asked for by this name and that has no address of its own: headless or ExternalName.
   * Null for any other name.
   */
  serviceNamed(name: string, { address, port, protocol }: AskedEnd): Identity | null {
    const [, serviceName, namespace] = CLUSTER_NAME.exec(name) ?? [];
    if (serviceName === undefined || namespace === undefined) return null;
    const service = this.#inventory.serviceNamed(namespace, serviceName);
    if (service === null) return null;
    const isHeadless = service.spec.clusterIPs?.[0] === 'None';
    if (!isHeadless && service.spec.type !== 'ExternalName') return null;
    return this.#ofService(service, address, port, protocol, BY_DNS);
  }

  #pod(question: Question): Identity | null {
    const { address, when, netns, vethPod, socket } = question;
    const local = this.#local.get(netns)?.get(address)?.pod ?? null;
    const byVeth = vethPod ?? local;
    const pods = this.#inventory.podsAt(address, when);
    const own = byVeth === null ? null : this.#inventory.pod(byVeth.uid);
    const owns = byVeth !== null && (pods.some((pod) => pod.metadata.uid === byVeth.uid) || local !== null);
    if (own !== null && !owns && pods.length > 0 && this.#mayBeNew(own, address, when)) {
      return this.#pods.choose([...pods, own], address, socket);
    }
    if (own !== null && (owns || this.#mayBeNew(own, address, when))) {
      return this.#pods.identify(own, address, pods.includes(own) ? BY_VETH_AND_ADDRESS : BY_VETH, socket);
    }
    const [pod, ...others] = pods;
    if (pod === undefined) return null;
    if (others.length === 0) return this.#pods.identify(pod, address, BY_ADDRESS, socket);
    return this.#pods.choose(pods, address, socket);
  }

  /** Whether it may be a pod's that has not said its address yet; a bridge floods it with what is for others, too. */
  #mayBeNew(pod: StoredPod, address: string, when: number): boolean {
    if ((pod.status.podIPs ?? []).length > 0 || isGroupAddress(address)) return false;
    return this.#inventory.nodeAt(address) === null && this.#inventory.servicesAt(address, when).length === 0;
  }

  #service({ address, port, protocol, when, netns }: Question): Identity | null {
    const services = this.#inventory.servicesAt(address, when);
    if (services.length === 0) return null;
    const [first] = services;
    if (services.length === 1 && first !== undefined && isClusterAddress(first, address)) {
      return this.#ofService(first, address, port, protocol, BY_SERVICE_ADDRESS);
    }
    const exact = services.filter((service) => servicePort(service, port, protocol) !== undefined);
    // An external address may be a node's, as most load balancers without a cloud have it: other ports are the node's.
    const isNodes = this.#inventory.nodeAt(address) !== null || this.#local.get(netns)?.has(address) === true;
    const others = isNodes ? services.filter((service) => isClusterAddress(service, address)) : services;
    const meant = exact.length > 0 ? exact : others;
    const [service] = meant;
    if (service === undefined) return null;
    if (meant.length > 1) {
      const candidates = meant.map(nameOf).sort();
      const evidence = BY_SERVICE_ADDRESS;
      return only({ ...unknownEndpoint(address), kind: 'service', evidence, candidates });
    }
    return this.#ofService(service, address, port, protocol, BY_SERVICE_ADDRESS);
  }

  #ofService(
    service: StoredService,
    address: string,
    port: number,
    protocol: string,
    evidence: readonly Evidence[],
  ): Identity {
    return this.#cache.ofService(service, address, port, protocol, evidence, () => {
      const endpoint = serviceEndpoint(service, address, evidence);
      const reference = serviceReference(service, endpoint, port, protocol);
      // One endpoint a Service and port, because rows refer to both by one id.
      const asked = { ...endpoint, names: [`${reference.portName ?? ''}:${port}`] };
      return { ...only(endpoint), service: reference, serviceEndpoint: new KnownEndpoint(asked) };
    });
  }

  #nodeOrLocal(question: Question): Identity | null {
    const { address, port, protocol, netns } = question;
    const own = this.#local.get(netns);
    const local = own !== undefined && (own.has(address) || isLoopback(address));
    const listed = this.#inventory.nodeAt(address);
    const node = listed ?? (local ? null : this.#byCilium(address));
    if (node === null && !local) return null;
    const name = node?.metadata.name ?? this.#node;
    const ports = this.#inventory.nodePorts;
    const published = ports.publishing(name, port, protocol);
    const isKnown = node !== null || this.#node === name;
    const bare = (): Identity => {
      const pods = published.length > 0 || !isKnown ? published : ports.sharing(name, port, protocol);
      const evidence = published.length > 0 ? BY_HOST_PORT : BY_NODE_ADDRESS;
      return this.#ofNode(address, name, node, pods, listed === node ? evidence : BY_CILIUM_ADDRESS);
    };
    const [service, ...others] = ports.services(port, protocol);
    const isForwarded = published.length > 0 || service !== undefined;
    const owner = local ? this.#hosts.identify({ address, name, bare }, question, isForwarded) : bare();
    if (owner.endpoint.kind !== 'node' || service === undefined || others.length > 0) return owner;
    const asked = this.#ofService(service, address, port, protocol, BY_NODE_ADDRESS);
    return { ...owner, service: asked.service, serviceEndpoint: asked.serviceEndpoint };
  }

  #byCilium(address: string): Node | null {
    const known = this.#nodeBehind(address);
    return known === null ? null : this.#inventory.nodeAt(known);
  }

  /** @param pods those that share the address, or publish the port */
  #ofNode(
    address: string,
    name: string,
    node: Node | null,
    pods: readonly Pod[],
    evidence: readonly Evidence[],
  ): Identity {
    this.#ranges();
    return this.#cache.ofNode(address, pods, name, () => ({
      ...unknownEndpoint(address),
      kind: 'node',
      name,
      uid: node?.metadata.uid ?? null,
      node: name,
      evidence,
      candidates: pods.map(nameOf).sort(),
    }));
  }

  #stranger(address: string): Identity {
    const ranges = this.#ranges();
    return this.#cache.ofAddress(address, () => {
      const label = this.#broadcasts.has(address) ? BROADCAST : addressLabel(address);
      const known = ranges.filter(({ range }) => range.has(address)).map(({ name }) => name);
      const roles = this.#inventory.outsideEndpointsAt(address).map((service) => `endpoint of ${service}`);
      const inside = known.length > 0 || label?.isInside === true;
      const names = [...roles, ...known.slice(0, 1), ...(label === null ? [] : [label.text])];
      const node = this.#inventory.nodeByFirstAddress(address);
      const candidates = node === null ? [] : [`node ${node}`];
      return { ...unknownEndpoint(address), kind: inside ? 'unknown' : 'external', names, candidates };
    });
  }

  /** Those of the cluster and of the node, the ones that say most first. */
  #ranges(): readonly NamedRange[] {
    if (this.#rangesVersion !== this.#inventory.version) {
      this.#ownRanges = [
        { name: 'pod range', range: new AddressRanges(this.#inventory.podRanges()) },
        { name: 'service range', range: new AddressRanges(this.#inventory.serviceRanges()) },
        { name: 'range of a bridge of this node', range: new AddressRanges(this.#bridgeRanges) },
      ];
      this.#rangesVersion = this.#inventory.version;
      this.#cache.forgetAddresses();
    }
    return this.#ownRanges;
  }
}

function serviceEndpoint(service: Service, address: string, evidence: readonly Evidence[]): Endpoint {
  return {
    ...unknownEndpoint(address),
    kind: 'service',
    namespace: service.metadata.namespace ?? null,
    name: service.metadata.name,
    uid: service.metadata.uid,
    evidence,
  };
}

/** IPVS has cluster addresses on an interface of every node. */
function isClusterAddress({ spec }: Service, address: string): boolean {
  return (spec.clusterIPs ?? []).some((own) => own === address || canonicalAddress(own) === address);
}

type ServicePort = NonNullable<Service['spec']['ports']>[number];

function servicePort(service: Service, port: number, protocol: string): ServicePort | undefined {
  return service.spec.ports?.find(
    (p) => (p.port === port || p.nodePort === port) && (p.protocol ?? 'TCP').toLowerCase() === protocol,
  );
}

function serviceReference(
  service: Service,
  { address, evidence }: Endpoint,
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
    evidence,
  };
}
