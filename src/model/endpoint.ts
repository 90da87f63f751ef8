/** What one end of a flow is. */
export type EndpointKind = 'pod' | 'service' | 'node' | 'process' | 'external' | 'unknown';

/**
 * Why we say who an end is. `cgroup`: of the socket that sent its packets; `socket`: the owner of the node's socket of this
 * tuple; `listener`: of the only one that takes what comes to its port; `process`: the process that holds the socket;
 * `kernel`: what the kernel itself sends and takes; `conntrack` and `cilium`: whose table has it as the one that answered for
 * the address asked. `none` stands alone.
 */
export type Evidence =
  | 'cgroup'
  | 'socket'
  | 'listener'
  | 'process'
  | 'kernel'
  | 'veth'
  | 'pod-ip'
  | 'service-ip'
  | 'node-ip'
  | 'cilium-ip'
  | 'conntrack'
  | 'cilium'
  | 'dns'
  | 'host-port'
  | 'none';

export interface Workload {
  readonly kind: string;
  readonly name: string;
}

/** Who one end is, without its port. Field names are those of the public JSON. */
export interface Endpoint {
  readonly kind: EndpointKind;
  readonly namespace: string | null;
  readonly name: string | null;
  readonly uid: string | null;
  readonly container: string | null;
  readonly workload: Workload | null;
  readonly node: string | null;
  readonly address: string;
  /** Other names of the address: from DNS answers, the newest first, then what its range is for. */
  readonly names: readonly string[];
  readonly evidence: readonly Evidence[];
  /** All who could be meant when the evidence does not decide; the name is then null. */
  readonly candidates: readonly string[];
}

/** An end of which nothing but its address is known. */
export function unknownEndpoint(address: string): Endpoint {
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

/** How an endpoint is shown: what is a fact of it, and apart from that what the evidence leaves open. Plain text, never markup. */
export interface EndpointLabel {
  readonly namespace: string | null;
  /** The name, else the address; of a Service that was asked for with its port. */
  readonly text: string;
  /** Whether the text is a name. */
  readonly named: boolean;
  /** Words for what is not decided, null where nothing is open. What could be meant is never shown as the name. */
  readonly open: string | null;
}

export function endpointLabel(endpoint: Endpoint): EndpointLabel {
  const { namespace, name, names, address, evidence, candidates } = endpoint;
  const open =
    candidates.length === 0 ? null : candidates.length === 1 ? '1 candidate' : 'several candidates';
  if (name !== null) {
    const port = askedPort(endpoint);
    return { namespace, text: port === null ? name : `${name}:${port}`, named: true, open };
  }
  const [first] = names;
  if (open !== null) {
    const areNames = evidence.includes('dns') && candidates.every((candidate) => names.includes(candidate));
    return { namespace: null, text: address, named: false, open: areNames ? 'several names' : open };
  }
  if (first === undefined) return { namespace: null, text: address, named: false, open };
  // Without a name of its own: what its range is.
  if (!evidence.includes('dns')) {
    return { namespace: null, text: `${address} (${first})`, named: false, open };
  }
  return { namespace: null, text: first, named: true, open };
}

/** The port at which a Service was asked for; null where the endpoint does not say. Agents name it `portName:port`. */
export function askedPort({ kind, names }: Endpoint): number | null {
  const port = kind === 'service' ? /:(\d+)$/.exec(names[0] ?? '')?.[1] : undefined;
  return port === undefined ? null : Number(port);
}

/** `namespace/name`, or the best there is; plain text, never markup. Of several names from DNS it takes none. */
export function endpointText(endpoint: Endpoint): string {
  if (endpoint.name === null) return endpointLabel(endpoint).text;
  return endpoint.namespace === null ? endpoint.name : `${endpoint.namespace}/${endpoint.name}`;
}

/** A label in one line, in the order in which it is drawn. */
export function labelText({ namespace, text, named, open }: EndpointLabel): string {
  const name = namespace === null ? text : `${namespace}/${text}`;
  if (open === null) return name;
  return named ? `${name} (${open})` : `${open} (${name})`;
}
