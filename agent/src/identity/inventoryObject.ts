import { STATIC_POD_UID } from '../../../src/model/inventory.ts';
import type {
  EndpointSlice,
  InventoryObject,
  Namespace,
  Node,
  ObjectMeta,
  Pod,
  Service,
} from '../../../src/model/inventory.ts';

/** JSON of a kind that the inventory keeps, or null for any other kind. Throws TypeError on a wrong shape. */
export function inventoryObject(json: unknown): InventoryObject | null {
  const object = record(json, 'the object');
  const kind = object.kind;
  switch (kind) {
    case 'Pod':
      return pod(object);
    case 'Service':
      return service(object);
    case 'EndpointSlice':
      return endpointSlice(object);
    case 'Node':
      return node(object);
    case 'Namespace':
      return { kind: 'Namespace', metadata: metadata(object) } satisfies Namespace;
    default:
      if (typeof kind === 'string') return null;
      throw new TypeError('the object has no "kind"');
  }
}

type Fields = Readonly<Record<string, unknown>>;

function record(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new TypeError(`${what} is not a JSON object`);
}

/** A part that must be an object where it is there. */
function part(object: Fields, name: string): Fields {
  return object[name] === undefined || object[name] === null ? {} : record(object[name], `"${name}"`);
}

function list(object: Fields, name: string): readonly Fields[] {
  const value = object[name] ?? [];
  if (!Array.isArray(value)) throw new TypeError(`"${name}" is not a list`);
  return value.map((entry) => record(entry, `an entry of "${name}"`));
}

function text(object: Fields, name: string): string | undefined {
  const value = object[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw new TypeError(`"${name}" is not a string`);
  return value;
}

function integer(object: Fields, name: string): number | undefined {
  const value = object[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number') throw new TypeError(`"${name}" is not a number`);
  return value;
}

function texts(object: Fields, name: string): string[] {
  const value = object[name] ?? [];
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string')) {
    throw new TypeError(`"${name}" is not a list of strings`);
  }
  return value;
}

function mapping(object: Fields, name: string): Record<string, string> | undefined {
  if (object[name] === undefined || object[name] === null) return undefined;
  const entries = Object.entries(record(object[name], `"${name}"`));
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function metadata(object: Fields): ObjectMeta {
  const fields = record(object.metadata, '"metadata"');
  const name = text(fields, 'name');
  const uid = text(fields, 'uid');
  if (name === undefined || uid === undefined) throw new TypeError('"metadata" lacks "name" or "uid"');
  return {
    name,
    uid,
    namespace: text(fields, 'namespace'),
    labels: mapping(fields, 'labels'),
    creationTimestamp: text(fields, 'creationTimestamp'),
    deletionTimestamp: text(fields, 'deletionTimestamp'),
    ownerReferences: list(fields, 'ownerReferences').map((owner) => ({
      kind: text(owner, 'kind') ?? '',
      name: text(owner, 'name') ?? '',
    })),
  };
}

/** An object of a watch has them all in the first already. */
const STATUSES = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'];

function staticUid(object: Fields): ObjectMeta['annotations'] {
  const uid = text(part(part(object, 'metadata'), 'annotations'), STATIC_POD_UID);
  return uid === undefined ? undefined : { [STATIC_POD_UID]: uid };
}

function pod(object: Fields): Pod {
  const spec = part(object, 'spec');
  const status = part(object, 'status');
  const podIPs = list(status, 'podIPs').flatMap((entry) => text(entry, 'ip') ?? []);
  const podIP = text(status, 'podIP');
  return {
    kind: 'Pod',
    metadata: { ...metadata(object), annotations: staticUid(object) },
    spec: {
      nodeName: text(spec, 'nodeName'),
      hostNetwork: spec.hostNetwork === true,
      containers: list(spec, 'containers').map((container) => ({
        name: text(container, 'name') ?? '',
        ports: list(container, 'ports').map((port) => ({
          containerPort: integer(port, 'containerPort') ?? 0,
          hostPort: integer(port, 'hostPort'),
          protocol: text(port, 'protocol'),
        })),
      })),
    },
    status: {
      phase: text(status, 'phase'),
      podIPs: (podIPs.length === 0 && podIP !== undefined ? [podIP] : podIPs).map((ip) => ({ ip })),
      hostIP: text(status, 'hostIP'),
      startTime: text(status, 'startTime'),
      containerStatuses: STATUSES.flatMap((name) => list(status, name)).map((container) => ({
        name: text(container, 'name') ?? '',
        containerID: text(container, 'containerID'),
      })),
    },
  };
}

function service(object: Fields): Service {
  const spec = part(object, 'spec');
  const clusterIPs = texts(spec, 'clusterIPs');
  const clusterIP = text(spec, 'clusterIP');
  const ingress = list(part(part(object, 'status'), 'loadBalancer'), 'ingress');
  return {
    kind: 'Service',
    metadata: metadata(object),
    spec: {
      type: text(spec, 'type'),
      clusterIPs: clusterIPs.length === 0 && clusterIP !== undefined ? [clusterIP] : clusterIPs,
      externalIPs: texts(spec, 'externalIPs'),
      externalName: text(spec, 'externalName'),
      selector: mapping(spec, 'selector'),
      ports: list(spec, 'ports').map((port) => ({
        name: text(port, 'name'),
        port: integer(port, 'port') ?? 0,
        targetPort: typeof port.targetPort === 'string' ? port.targetPort : integer(port, 'targetPort'),
        nodePort: integer(port, 'nodePort'),
        protocol: text(port, 'protocol'),
      })),
    },
    status: { loadBalancer: { ingress: ingress.map((entry) => ({ ip: text(entry, 'ip') })) } },
  };
}

function endpointSlice(object: Fields): EndpointSlice {
  return {
    kind: 'EndpointSlice',
    metadata: metadata(object),
    addressType: text(object, 'addressType') ?? '',
    endpoints: list(object, 'endpoints').map((endpoint) => {
      const target = part(endpoint, 'targetRef');
      const kind = text(target, 'kind');
      return {
        addresses: texts(endpoint, 'addresses'),
        targetRef: kind === undefined ? undefined : { kind, uid: text(target, 'uid') },
      };
    }),
    ports: list(object, 'ports').map((port) => ({
      name: text(port, 'name'),
      port: integer(port, 'port'),
      protocol: text(port, 'protocol'),
    })),
  };
}

function node(object: Fields): Node {
  const spec = part(object, 'spec');
  const status = part(object, 'status');
  const info = part(status, 'nodeInfo');
  const podCIDRs = texts(spec, 'podCIDRs');
  const podCIDR = text(spec, 'podCIDR');
  return {
    kind: 'Node',
    metadata: metadata(object),
    spec: { podCIDRs: podCIDRs.length === 0 && podCIDR !== undefined ? [podCIDR] : podCIDRs },
    status: {
      addresses: list(status, 'addresses').map((entry) => ({
        type: text(entry, 'type') ?? '',
        address: text(entry, 'address') ?? '',
      })),
      nodeInfo: {
        operatingSystem: text(info, 'operatingSystem'),
        kernelVersion: text(info, 'kernelVersion'),
        architecture: text(info, 'architecture'),
      },
    },
  };
}
