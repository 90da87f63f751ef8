import type { ProbedKind } from './traffic.ts';

/** What of each kind passes the wire of one pod. */
export const PARTS: Readonly<Record<ProbedKind, (pod: string) => string>> = {
  'pod-to-pod': (pod) => `what ${pod} sends and gets: a veth is the wire of one pod`,
  'pod-to-other-node': (pod) => `what ${pod} sends and gets: a veth is the wire of one pod`,
  'service-asked': (pod) =>
    `what ${pod} asks Services for: DNAT comes behind its veth, so their addresses are still there`,
  'service-backend': (pod) => `where ${pod} is the backend: DNAT was made before its veth`,
  'service-backend-on-other-node': (pod) => `what ${pod} asks for`,
  'process-to-pod': (pod) => `what processes of the node send to ${pod}, and its answers`,
  'process-to-other-node': (pod) => `what concerns ${pod}`,
  'host-network': (pod) => `what concerns ${pod}`,
  'pod-to-outside': (pod) => `what ${pod} sends and gets: masquerade comes behind its veth`,
  'pod-masqueraded': (pod) => `what concerns ${pod}`,
  'node-port-asked': (pod) => `what concerns ${pod}`,
  'node-port-backend': (pod) => `where ${pod} is the backend: DNAT was made at the uplink`,
  'tunnel-outer': (pod) => `what concerns ${pod}`,
};

const routed = (bridge: string): string =>
  `The node routes these packets to and from its pods, so they go through ${bridge} itself.`;

/** What a bridge takes itself, because it is addressed to it or sent by it. */
export const BRIDGED: Readonly<Record<ProbedKind, (bridge: string) => string>> = {
  'pod-to-pod': routed,
  'pod-to-other-node': routed,
  'service-asked': (bridge) =>
    `Pods send to Services by way of ${bridge}, and DNAT is made only behind it: bridges of this node do not call netfilter.`,
  'service-backend': (bridge) => `After DNAT the node routes to the backend, through ${bridge} again.`,
  'service-backend-on-other-node': (bridge) =>
    `DNAT is made when the frame comes into ${bridge}, before it takes it: it sees only the backend’s address.`,
  'process-to-pod': (bridge) => `The node’s own route to its pods leads through ${bridge}.`,
  'process-to-other-node': routed,
  'host-network': routed,
  'pod-to-outside': (bridge) =>
    `The node routes these packets, through ${bridge}, and masquerades them only on their way out.`,
  'pod-masqueraded': routed,
  'node-port-asked': routed,
  'node-port-backend': (bridge) => `After DNAT the node routes to the backend, through ${bridge}.`,
  'tunnel-outer': routed,
};

/** What passes an uplink. */
export const LEAVING: Readonly<Record<ProbedKind, (addresses: string) => string>> = {
  'pod-to-pod': () => 'The way between these pods leads through here.',
  'pod-to-other-node': () =>
    'The packets leave and enter the node here, with the pods’ own addresses: no tunnel is used.',
  'service-asked': () => 'The packets leave the node here before DNAT.',
  'service-backend': () => 'The way to the backend leads through here.',
  'service-backend-on-other-node': () =>
    'The packets leave the node here after DNAT: the Service’s address is gone, the backend’s is there.',
  'process-to-pod': () => 'The way between the node and its pods leads through here.',
  'process-to-other-node': () =>
    'The packets leave and enter the node here, with the pods’ own addresses: no tunnel is used.',
  'host-network': (addresses) =>
    `The packets leave and enter the node here. All processes and hostNetwork pods share ${addresses}: only the socket’s owner tells them apart.`,
  'pod-to-outside': () => 'The packets leave the node here with the pod’s address.',
  'pod-masqueraded': (addresses) =>
    `Where the node masquerades, the packets leave and enter it here with its own address (${addresses}): whose they are is not in them.`,
  'node-port-asked': (addresses) =>
    `The packets come in here for the node’s own address (${addresses}), before DNAT chooses a backend.`,
  'node-port-backend': () => 'The way to the backend leads through here.',
  'tunnel-outer': () => 'The outer packets go from node to node here.',
};

/** Nothing of it passes, by the routes. */
export const OTHER_WAY: Readonly<Record<ProbedKind, string>> = {
  'pod-to-pod': 'The packets go from one pod’s veth to the other’s.',
  'pod-to-other-node': 'The way to other nodes’ pods does not lead through here.',
  'service-asked': 'The packets have the Service’s address only near the client; it is gone before this.',
  'service-backend': 'The packets go from the client’s veth to the backend’s.',
  'service-backend-on-other-node': 'The way to other nodes’ pods does not lead through here.',
  'process-to-pod': 'The node’s way to its pods does not lead through here.',
  'process-to-other-node': 'The way to other nodes’ pods does not lead through here.',
  'host-network': 'The way out of the node does not lead through here.',
  'pod-to-outside': 'The way out of the node does not lead through here.',
  'pod-masqueraded': 'The way out of the node does not lead through here.',
  'node-port-asked': 'The way from outside to the node does not lead through here.',
  'node-port-backend': 'The way from outside to the backend does not lead through here.',
  'tunnel-outer': 'The way between nodes does not lead through here.',
};
