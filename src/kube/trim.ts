import { STATIC_POD_UID } from '../model/inventory.ts';
import type {
  EndpointSlice,
  InventoryObject,
  Namespace,
  Node,
  ObjectMeta,
  Pod,
  Service,
} from '../model/inventory.ts';

/** Kinds of the inventory with the resource each is listed as. */
export const INVENTORY_KINDS = {
  Pod: 'pods',
  Service: 'services',
  EndpointSlice: 'endpointslices',
  Node: 'nodes',
  Namespace: 'namespaces',
} as const;
export type InventoryKind = keyof typeof INVENTORY_KINDS;

/**
 * An object of the API cut down to what src/model/inventory.ts declares; a pod shrinks from some 6 KiB to 0.6. Lists do
 * not carry the kind of their items, so it is named by the caller. Null for an object that lacks what identity needs.
 */
export function trimObject(kind: InventoryKind, object: unknown): InventoryObject | null {
  const source = fields(object);
  const metadata = trimMetadata(source.metadata);
  if (metadata === null) return null;
  switch (kind) {
    case 'Pod':
      return trimPod(
        { ...metadata, annotations: staticUid(source.metadata) },
        fields(source.spec),
        fields(source.status),
      );
    case 'Service':
      return trimService(metadata, fields(source.spec), fields(source.status));
    case 'EndpointSlice':
      return trimEndpointSlice(metadata, source);
    case 'Node':
      return trimNode(metadata, fields(source.spec), fields(source.status));
    case 'Namespace':
      return { kind: 'Namespace', metadata } satisfies Namespace;
  }
}

type Fields = Readonly<Record<string, unknown>>;

const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};
const items = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.map(fields) : []);
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
const texts = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string') : undefined;

function trimMetadata(value: unknown): ObjectMeta | null {
  const metadata = fields(value);
  const name = text(metadata.name);
  const uid = text(metadata.uid);
  if (name === undefined || uid === undefined) return null;
  const owners = items(metadata.ownerReferences);
  return {
    name,
    uid,
    namespace: text(metadata.namespace),
    labels: metadata.labels as ObjectMeta['labels'],
    creationTimestamp: text(metadata.creationTimestamp),
    deletionTimestamp: text(metadata.deletionTimestamp),
    ownerReferences:
      owners.length === 0
        ? undefined
        : owners.map((owner) => ({ kind: text(owner.kind) ?? '', name: text(owner.name) ?? '' })),
  };
}

function staticUid(metadata: unknown): ObjectMeta['annotations'] {
  const uid = text(fields(fields(metadata).annotations)[STATIC_POD_UID]);
  return uid === undefined ? undefined : { [STATIC_POD_UID]: uid };
}

function trimPod(metadata: ObjectMeta, spec: Fields, status: Fields): Pod {
  const addresses = items(status.podIPs).flatMap((entry) => text(entry.ip) ?? []);
  const single = text(status.podIP);
  const ips = addresses.length === 0 && single !== undefined ? [single] : addresses;
  // Sidecars are init containers that go on running; their traffic has an owner too.
  const containers = [...items(spec.containers), ...items(spec.initContainers)];
  const statuses = [
    ...items(status.containerStatuses),
    ...items(status.initContainerStatuses),
    ...items(status.ephemeralContainerStatuses),
  ];
  return {
    kind: 'Pod',
    metadata,
    spec: {
      nodeName: text(spec.nodeName),
      hostNetwork: spec.hostNetwork === true ? true : undefined,
      containers: containers.map((container) => {
        const ports = items(container.ports).flatMap((port) => {
          const containerPort = number(port.containerPort);
          if (containerPort === undefined) return [];
          return [{ containerPort, hostPort: number(port.hostPort), protocol: text(port.protocol) }];
        });
        return { name: text(container.name) ?? '', ports: ports.length === 0 ? undefined : ports };
      }),
    },
    status: {
      phase: text(status.phase),
      podIPs: ips.length === 0 ? undefined : ips.map((ip) => ({ ip })),
      hostIP: text(status.hostIP),
      startTime: text(status.startTime),
      containerStatuses: statuses.map((entry) => ({
        name: text(entry.name) ?? '',
        containerID: text(entry.containerID),
      })),
    },
  };
}

function trimService(metadata: ObjectMeta, spec: Fields, status: Fields): Service {
  const ingress = items(fields(status.loadBalancer).ingress);
  const addresses = texts(spec.clusterIPs) ?? [text(spec.clusterIP)].filter((ip) => ip !== undefined);
  return {
    kind: 'Service',
    metadata,
    spec: {
      type: text(spec.type),
      clusterIPs: addresses,
      externalIPs: texts(spec.externalIPs),
      externalName: text(spec.externalName),
      selector: spec.selector as Service['spec']['selector'],
      ports: items(spec.ports).flatMap((port) => {
        const value = number(port.port);
        if (value === undefined) return [];
        return [
          {
            name: text(port.name),
            port: value,
            targetPort: number(port.targetPort) ?? text(port.targetPort),
            nodePort: number(port.nodePort),
            protocol: text(port.protocol),
          },
        ];
      }),
    },
    status:
      ingress.length === 0
        ? undefined
        : { loadBalancer: { ingress: ingress.map((entry) => ({ ip: text(entry.ip) })) } },
  };
}

function trimEndpointSlice(metadata: ObjectMeta, source: Fields): EndpointSlice {
  return {
    kind: 'EndpointSlice',
    metadata,
    addressType: text(source.addressType) ?? '',
    endpoints: items(source.endpoints).map((endpoint) => {
      const target = fields(endpoint.targetRef);
      const kind = text(target.kind);
      return {
        addresses: texts(endpoint.addresses) ?? [],
        targetRef: kind === undefined ? undefined : { kind, uid: text(target.uid) },
      };
    }),
    ports: items(source.ports).map((port) => ({
      name: text(port.name),
      port: number(port.port),
      protocol: text(port.protocol),
    })),
  };
}

function trimNode(metadata: ObjectMeta, spec: Fields, status: Fields): Node {
  const info = fields(status.nodeInfo);
  return {
    kind: 'Node',
    metadata,
    spec: { podCIDRs: texts(spec.podCIDRs) },
    status: {
      addresses: items(status.addresses).map((entry) => ({
        type: text(entry.type) ?? '',
        address: text(entry.address) ?? '',
      })),
      nodeInfo: {
        operatingSystem: text(info.operatingSystem),
        kernelVersion: text(info.kernelVersion),
        architecture: text(info.architecture),
      },
    },
  };
}
