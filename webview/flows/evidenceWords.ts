import type { Endpoint, Evidence } from '../../src/model/endpoint.ts';
import { endpointLabel } from '../../src/model/endpoint.ts';
import type { InitiatorEvidence } from '../../src/model/flow.ts';

/** What each evidence says of an endpoint that is decided; `whose` is "this container" or the like. */
const DECIDED: Readonly<Record<Evidence, (whose: string) => string>> = {
  cgroup: (whose) => `Its packets came from a socket of ${whose}.`,
  socket: (whose) => `A socket of ${whose} is connected as this flow is.`,
  listener: (whose) => `Of all sockets only one of ${whose} takes what comes to this port.`,
  process: (whose) => `The socket is held open by ${whose}.`,
  kernel: () => 'The kernel itself sends and takes such packets; no process does.',
  veth: () => 'Its packets passed the veth of this pod.',
  'pod-ip': () => 'Kubernetes had given its address to this pod at that time.',
  'service-ip': () => 'Its address is one of this Service.',
  'node-ip': () => 'Its address is one of this node.',
  conntrack: () => 'Connection tracking has it as the one that answered for the address asked.',
  cilium: () => 'Cilium’s load balancing has it as the one that answers for the address asked.',
  dns: () => 'A DNS answer gave its address for this name.',
  'cilium-ip': () => 'Cilium’s table of addresses says so: Kubernetes does not have this one.',
  'host-port': () => 'The port is one that a pod publishes on this node.',
  none: () => 'Nothing is known of it but its address.',
};

/** What else the same evidence says where it fits several. */
const OPEN: Readonly<Partial<Record<Evidence, string>>> = {
  cgroup: 'The cgroup of its socket does not settle who it is.',
  listener: 'Sockets take what comes to this port, and they do not settle whose it was.',
  'pod-ip': 'Kubernetes had given its address to more than one pod at that time.',
  'service-ip': 'Its address is one of more than one Service.',
  dns: 'DNS answers gave its address for several names.',
};

/** One sentence for each evidence of an endpoint. */
export function evidenceSentences(endpoint: Endpoint): readonly string[] {
  const { open } = endpointLabel(endpoint);
  return endpoint.evidence.map((evidence) => {
    const undecided = open === null ? undefined : OPEN[evidence];
    if (undecided !== undefined) return undecided;
    if (evidence === 'node-ip') return nodeAddressSentence(endpoint);
    return DECIDED[evidence](whoseSocket(endpoint));
  });
}

/** Pods on the node's network and its processes share its addresses. */
function nodeAddressSentence({ kind }: Endpoint): string {
  if (kind === 'service') return 'The port that was asked is this Service’s on every node.';
  if (kind === 'node') return DECIDED['node-ip']('');
  return 'Its address is one of the node, which others share; it alone would name nobody.';
}

function whoseSocket({ kind, container }: Endpoint): string {
  if (kind === 'pod') return container === null ? 'this pod' : 'this container';
  return kind === 'process' ? 'this process' : 'it';
}

const GUESSES: Readonly<Record<InitiatorEvidence, string>> = {
  service: ': the end with a Service’s address is taken for the server',
  port: ': the end with the lower port is taken for the server',
  order: ': the end that was seen to send first is taken for the client',
  // These are no guesses; a recording of an older agent has no reason.
  opening: '',
  conntrack: '',
};

/** Why client and server may be the other way round. */
export function guessSentence(evidence: InitiatorEvidence): string {
  return `Which end is the client is guessed, because the start of the conversation was not seen${GUESSES[evidence]}.`;
}
