/** What one end of a flow is. */
export type EndpointKind = 'pod' | 'service' | 'node' | 'process' | 'external' | 'unknown';

/**
 * Why we say who an end is. `cgroup`: of the socket that sent its packets; `socket`: the owner of the node's socket of this
 * tuple; `listener`: of the only one that takes what comes to its port; `process`: the process that holds the socket;
 * `kernel`: what the kernel itself sends and takes. `none` stands alone.
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
  | 'conntrack'
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
  /** Other names of the address, for example from DNS answers. */
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

/** `namespace/name`, or the best there is; plain text, never markup. */
export function endpointText(endpoint: Endpoint): string {
  if (endpoint.name === null) return endpoint.names[0] ?? endpoint.address;
  return endpoint.namespace === null ? endpoint.name : `${endpoint.namespace}/${endpoint.name}`;
}
