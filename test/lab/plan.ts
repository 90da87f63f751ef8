/**
 * What a lab consists of: names, addresses and ids, before anything exists.
 * Address ranges are those of a usual cluster; every lab has its own namespaces, so they never meet.
 */
import { randomBytes, randomUUID } from 'node:crypto';

/** One end of a veth pair with an address of each family. */
export interface Addresses {
  readonly ipv4: string;
  readonly ipv6: string;
}

export interface PodPlan {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly container: string;
  readonly containerId: string;
  readonly workload: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly hostNetwork: boolean;
  readonly addresses: Addresses;
  /** Network namespace under /run/netns; the node's for hostNetwork. */
  readonly netns: string;
  /** The host side of its veth pair, null for hostNetwork. */
  readonly hostInterface: string | null;
}

export interface ServicePlan {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly addresses: Addresses;
  readonly selector: Readonly<Record<string, string>>;
  readonly ports: readonly ServicePort[];
}

export interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly targetPort: number;
  readonly protocol: 'TCP' | 'UDP';
}

export interface LabPlan {
  /** In the name of everything that the lab makes. */
  readonly id: string;
  readonly node: {
    readonly name: string;
    readonly uid: string;
    readonly netns: string;
    readonly addresses: Addresses;
  };
  readonly outside: { readonly netns: string; readonly addresses: Addresses };
  readonly bridge: { readonly name: 'cni0'; readonly addresses: Addresses };
  readonly pods: readonly PodPlan[];
  readonly services: readonly ServicePlan[];
}

export const POD_RANGE = { ipv4: '10.244.0.0/24', ipv6: 'fd00:10:244::/64' } as const;
export const UPLINK = 'eth0';
/** Packets to this TCP port are dropped by the node, as a network policy would. */
export const FORBIDDEN_PORT = 6379;
const NAMESPACE = 'shop';

/** A client, a Service with two backends, a client whose requests fail, and a pod in the node's own network. */
export function planLab(): LabPlan {
  const id = `vl${process.pid.toString(36)}${randomBytes(3).toString('hex')}`;
  const nodeNetns = `${id}-node`;
  const nodeAddresses = { ipv4: '172.31.0.2', ipv6: 'fd00:172:31::2' };
  const pod = (name: string, workload: string, host: number): PodPlan => ({
    namespace: NAMESPACE,
    name,
    uid: randomUUID(),
    container: workload,
    containerId: randomBytes(32).toString('hex'),
    workload,
    labels: { app: workload },
    hostNetwork: false,
    addresses: { ipv4: `10.244.0.${host}`, ipv6: `fd00:10:244::${host}` },
    netns: `${id}-${name}`,
    hostInterface: `veth${randomBytes(4).toString('hex')}`,
  });
  const hostNetworkPod: PodPlan = {
    ...pod('node-exporter-x7k2p', 'node-exporter', 0),
    hostNetwork: true,
    addresses: nodeAddresses,
    netns: nodeNetns,
    hostInterface: null,
  };
  return {
    id,
    node: { name: 'lab-node', uid: randomUUID(), netns: nodeNetns, addresses: nodeAddresses },
    outside: { netns: `${id}-outside`, addresses: { ipv4: '172.31.0.1', ipv6: 'fd00:172:31::1' } },
    bridge: { name: 'cni0', addresses: { ipv4: '10.244.0.1', ipv6: 'fd00:10:244::1' } },
    pods: [
      pod('client', 'client', 2),
      pod('web-1', 'web', 3),
      pod('web-2', 'web', 4),
      pod('broken', 'broken', 5),
      hostNetworkPod,
    ],
    services: [
      {
        namespace: NAMESPACE,
        name: 'web',
        uid: randomUUID(),
        addresses: { ipv4: '10.96.0.10', ipv6: 'fd00:10:96::10' },
        selector: { app: 'web' },
        ports: [
          { name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' },
          { name: 'lookup', port: 53, targetPort: 8053, protocol: 'UDP' },
        ],
      },
    ],
  };
}

/** Pods that a Service sends to. */
export function backends(plan: LabPlan, service: ServicePlan): readonly PodPlan[] {
  return plan.pods.filter((pod) =>
    Object.entries(service.selector).every(([label, value]) => pod.labels[label] === value),
  );
}
