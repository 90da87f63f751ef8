/** A lab as `kubectl get pods,svc,nodes,endpointslices -A -o json` would show it. */
import type { EndpointSlice, InventoryObject, Node, Pod, Service } from '../../src/model/inventory.ts';
import { backends, POD_RANGE } from './plan.ts';
import type { LabPlan, PodPlan, ServicePlan } from './plan.ts';

export interface InventoryList {
  readonly apiVersion: 'v1';
  readonly kind: 'List';
  readonly items: readonly InventoryObject[];
}

export function inventoryOf(plan: LabPlan): InventoryList {
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      ...plan.pods.map((pod) => podObject(plan, pod)),
      ...plan.services.map(serviceObject),
      nodeObject(plan),
      ...plan.services.flatMap((service) => [
        sliceObject(plan, service, 'IPv4'),
        sliceObject(plan, service, 'IPv6'),
      ]),
    ],
  };
}

/** As a Deployment's ReplicaSet is named and labels its pods. */
const TEMPLATE_HASH = '6d4cf56db6';
const STARTED = new Date().toISOString();

function podObject({ node }: LabPlan, pod: PodPlan): Pod {
  return {
    kind: 'Pod',
    metadata: {
      name: pod.name,
      namespace: pod.namespace,
      uid: pod.uid,
      labels: { ...pod.labels, 'pod-template-hash': TEMPLATE_HASH },
      creationTimestamp: STARTED,
      ownerReferences: [{ kind: 'ReplicaSet', name: `${pod.workload}-${TEMPLATE_HASH}` }],
    },
    spec: {
      nodeName: node.name,
      ...(pod.hostNetwork ? { hostNetwork: true } : {}),
      containers: [{ name: pod.container }],
    },
    status: {
      phase: 'Running',
      hostIP: node.addresses.ipv4,
      podIPs: [{ ip: pod.addresses.ipv4 }, { ip: pod.addresses.ipv6 }],
      startTime: STARTED,
      containerStatuses: [{ name: pod.container, containerID: `containerd://${pod.containerId}` }],
    },
  };
}

function serviceObject(service: ServicePlan): Service {
  return {
    kind: 'Service',
    metadata: {
      name: service.name,
      namespace: service.namespace,
      uid: service.uid,
      creationTimestamp: STARTED,
    },
    spec: {
      type: 'ClusterIP',
      clusterIPs: [service.addresses.ipv4, service.addresses.ipv6],
      selector: service.selector,
      ports: service.ports,
    },
    status: { loadBalancer: {} },
  };
}

function nodeObject({ node }: LabPlan): Node {
  return {
    kind: 'Node',
    metadata: { name: node.name, uid: node.uid, creationTimestamp: STARTED },
    spec: { podCIDRs: [POD_RANGE.ipv4, POD_RANGE.ipv6] },
    status: {
      addresses: [
        { type: 'InternalIP', address: node.addresses.ipv4 },
        { type: 'InternalIP', address: node.addresses.ipv6 },
        { type: 'Hostname', address: node.name },
      ],
      nodeInfo: { operatingSystem: 'linux', architecture: 'amd64' },
    },
  };
}

function sliceObject(plan: LabPlan, service: ServicePlan, addressType: 'IPv4' | 'IPv6'): EndpointSlice {
  const family = addressType === 'IPv4' ? 'ipv4' : 'ipv6';
  return {
    kind: 'EndpointSlice',
    metadata: {
      name: `${service.name}-${family}`,
      namespace: service.namespace,
      uid: `${service.uid}-${family}`,
      labels: { 'kubernetes.io/service-name': service.name },
      creationTimestamp: STARTED,
    },
    addressType,
    endpoints: backends(plan, service).map((pod) => ({
      addresses: [pod.addresses[family]],
      targetRef: { kind: 'Pod', uid: pod.uid },
    })),
    ports: service.ports.map((port) => ({ name: port.name, port: port.targetPort, protocol: port.protocol })),
  };
}
