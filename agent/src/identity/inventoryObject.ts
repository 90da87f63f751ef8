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
import { SERVICE_NAME } from './outsideEndpoints.ts';
import { shared, sharedText } from './shared.ts';
import { TEMPLATE_HASH } from './workload.ts';

/**
 * JSON of a kind that the inventory keeps, or null for any other kind; cut down to what is asked for here, and sharing
 * what is the same in many. Throws TypeError on a wrong shape.
 */
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

/** A text that many objects have. */
function word(object: Fields, name: string): string | undefined {
  const value = text(object, name);
  return value === undefined ? undefined : sharedText(value);
}

/** The one label that is asked for, if it is there. */
function label(object: Fields, name: string): ObjectMeta['labels'] {
  const value = part(object, 'labels')[name];
  return typeof value === 'string' ? shared({ [name]: value }) : undefined;
}

interface FurtherMetadata {
  /** Name of the label that is asked for. */
  readonly label?: string;
  readonly annotations?: ObjectMeta['annotations'];
}

function metadata(object: Fields, further: FurtherMetadata = {}): ObjectMeta {
  const fields = record(object.metadata, '"metadata"');
  const name = text(fields, 'name');
  const uid = text(fields, 'uid');
  if (name === undefined || uid === undefined) throw new TypeError('"metadata" lacks "name" or "uid"');
  return {
    name,
    uid,
    namespace: word(fields, 'namespace'),
    labels: further.label === undefined ? undefined : label(fields, further.label),
    creationTimestamp: text(fields, 'creationTimestamp'),
    deletionTimestamp: text(fields, 'deletionTimestamp'),
    ownerReferences: shared(
      list(fields, 'ownerReferences').map((owner) => ({
        kind: text(owner, 'kind') ?? '',
        name: text(owner, 'name') ?? '',
      })),
    ),
    annotations: further.annotations,
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
  const own = metadata(object, { label: TEMPLATE_HASH, annotations: staticUid(object) });
  const startTime = text(status, 'startTime');
  return {
    kind: 'Pod',
    metadata: own,
    spec: {
      nodeName: word(spec, 'nodeName'),
      hostNetwork: spec.hostNetwork === true,
      containers: shared(
        list(spec, 'containers').map((container) => ({
          name: text(container, 'name') ?? '',
          ports: list(container, 'ports').map((port) => ({
            containerPort: integer(port, 'containerPort') ?? 0,
            hostPort: integer(port, 'hostPort'),
            protocol: text(port, 'protocol'),
          })),
        })),
      ),
    },
    status: {
      phase: word(status, 'phase'),
      podIPs: (podIPs.length === 0 && podIP !== undefined ? [podIP] : podIPs).map((ip) => ({ ip })),
      // Mostly the same second.
      startTime: startTime === own.creationTimestamp ? own.creationTimestamp : startTime,
      containerStatuses: none(
        STATUSES.flatMap((name) => list(status, name)).map((container) => ({
          name: word(container, 'name') ?? '',
          containerID: text(container, 'containerID'),
        })),
      ),
    },
  };
}

const EMPTY: readonly never[] = [];

/** An empty list costs nothing. */
function none<T>(values: readonly T[]): readonly T[] {
  return values.length === 0 ? EMPTY : values;
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
      type: word(spec, 'type'),
      clusterIPs: clusterIPs.length === 0 && clusterIP !== undefined ? [clusterIP] : clusterIPs,
      externalIPs: none(texts(spec, 'externalIPs')),
      ports: shared(
        list(spec, 'ports').map((port) => ({
          name: text(port, 'name'),
          port: integer(port, 'port') ?? 0,
          nodePort: integer(port, 'nodePort'),
          protocol: text(port, 'protocol'),
        })),
      ),
    },
    status: shared({ loadBalancer: { ingress: ingress.map((entry) => ({ ip: text(entry, 'ip') })) } }),
  };
}

function endpointSlice(object: Fields): EndpointSlice {
  return {
    kind: 'EndpointSlice',
    metadata: metadata(object, { label: SERVICE_NAME }),
    addressType: word(object, 'addressType') ?? '',
    // Pods are known by themselves.
    endpoints: none(
      list(object, 'endpoints')
        .filter((endpoint) => text(part(endpoint, 'targetRef'), 'kind') === undefined)
        .map((endpoint) => ({ addresses: texts(endpoint, 'addresses') })),
    ),
  };
}

function node(object: Fields): Node {
  const spec = part(object, 'spec');
  const status = part(object, 'status');
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
    },
  };
}
