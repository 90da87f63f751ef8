/** Kinds of traffic of a node that are followed through its wiring, in the order of the table. */
export const PROBED_KINDS = [
  'pod-to-pod',
  'pod-to-other-node',
  'service-asked',
  'service-backend',
  'service-backend-on-other-node',
  'process-to-pod',
  'process-to-other-node',
  'host-network',
  'pod-to-outside',
  'pod-masqueraded',
  'node-port-asked',
  'node-port-backend',
  'tunnel-outer',
] as const;
export type ProbedKind = (typeof PROBED_KINDS)[number];

export const TRAFFIC_KINDS = [...PROBED_KINDS, 'loopback', 'broadcast'] as const;
export type TrafficKind = (typeof TRAFFIC_KINDS)[number];

/** What is counted is of one of these: `other` is what no line of the table is about. */
export type CountedKind = TrafficKind | 'other';
export const COUNTED_KINDS: readonly CountedKind[] = [...TRAFFIC_KINDS, 'other'];

/** One form for the page and for text. */
export const TRAFFIC_LABELS: Readonly<Record<TrafficKind, string>> = {
  'pod-to-pod': 'Pod to pod on this node',
  'pod-to-other-node': 'Pod to pod on another node',
  'service-asked': 'Pod to Service, by the Service’s address (before DNAT)',
  'service-backend': 'Pod to Service, by the backend’s address (after DNAT), backend on this node',
  'service-backend-on-other-node':
    'Pod to Service, by the backend’s address (after DNAT), backend on another node',
  'process-to-pod': 'Process or hostNetwork pod of this node, and pod on this node',
  'process-to-other-node': 'Process or hostNetwork pod of this node, and pod on another node',
  'host-network': 'Process or hostNetwork pod of this node, and other nodes and outside',
  'pod-to-outside': 'Pod to outside, by the pod’s address (before masquerade)',
  'pod-masqueraded': 'Pod to outside, by the node’s address (after masquerade)',
  'node-port-asked': 'Outside to NodePort, by the node’s address and port (before DNAT)',
  'node-port-backend': 'Outside to NodePort, by the backend’s address (after DNAT)',
  'tunnel-outer': 'Tunnel packets between nodes, which carry pods’ packets inside',
  loopback: 'What processes send within one namespace (loopback)',
  broadcast: 'Broadcast and multicast of this node’s pods (ARP, mDNS)',
};
