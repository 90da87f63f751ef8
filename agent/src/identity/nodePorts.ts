import type { Pod, Service } from '../../../src/model/inventory.ts';

const NO_PODS: readonly Pod[] = [];
const NO_SERVICES: readonly never[] = [];

/** Who uses ports of nodes, by node and port: every end at a node's address asks. */
export class NodePorts<S extends Service = Service> {
  readonly #hostPorts = new Map<string, Pod[]>();
  readonly #hostNetwork = new Map<string, Pod[]>();
  /** Those of #hostNetwork that declare a port. */
  readonly #declared = new Map<string, Pod[]>();
  readonly #nodePorts = new Map<string, S[]>();

  constructor(pods: Iterable<Pod>, services: Iterable<S>) {
    for (const pod of pods) this.#addPod(pod);
    for (const service of services) {
      for (const { nodePort, protocol } of service.spec.ports ?? []) {
        if (nodePort !== undefined) append(this.#nodePorts, portKey(nodePort, protocol), service);
      }
    }
  }

  /** Pods of a node that share its network and still run: those that declare the port, or all when none does. */
  sharing(nodeName: string, port: number, protocol: string): readonly Pod[] {
    const all = this.#hostNetwork.get(nodeName);
    if (all === undefined) return NO_PODS;
    return this.#declared.get(`${nodeName} ${portKey(port, protocol)}`) ?? all;
  }

  /** Pods of a node that publish this port of the node. */
  publishing(nodeName: string, port: number, protocol: string): readonly Pod[] {
    return this.#hostPorts.get(`${nodeName} ${portKey(port, protocol)}`) ?? NO_PODS;
  }

  /** Services that a node's port stands for. */
  services(port: number, protocol: string): readonly S[] {
    return this.#nodePorts.get(portKey(port, protocol)) ?? NO_SERVICES;
  }

  #addSharing(pod: Pod, nodeName: string): void {
    append(this.#hostNetwork, nodeName, pod);
    for (const { ports } of pod.spec.containers) {
      for (const { containerPort, protocol } of ports ?? []) {
        append(this.#declared, `${nodeName} ${portKey(containerPort, protocol)}`, pod);
      }
    }
  }

  #addPod(pod: Pod): void {
    const { nodeName, hostNetwork, containers } = pod.spec;
    const { phase } = pod.status;
    if (nodeName === undefined || phase === 'Succeeded' || phase === 'Failed') return;
    if (hostNetwork === true) {
      if (phase === 'Running') this.#addSharing(pod, nodeName);
      return;
    }
    for (const { ports } of containers) {
      for (const { hostPort, protocol } of ports ?? []) {
        if (hostPort === undefined) continue;
        append(this.#hostPorts, `${nodeName} ${portKey(hostPort, protocol)}`, pod);
      }
    }
  }
}

function portKey(port: number, protocol = 'tcp'): string {
  return `${protocol.toLowerCase()} ${port}`;
}

/** Adds a value once. */
function append<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else if (list.at(-1) !== value) list.push(value);
}
