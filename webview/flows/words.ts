import type { Endpoint, EndpointKind, Evidence } from '../../src/model/endpoint.ts';
import { endpointText } from '../../src/model/endpoint.ts';
import type { Translation, Verdict } from '../../src/model/flow.ts';

/** How the page shows kinds, verdicts and evidence: an icon and always a word. */
interface Look {
  readonly icon: string;
  readonly label: string;
}

export const ENDPOINT_LOOKS: Readonly<Record<EndpointKind, Look>> = {
  pod: { icon: 'package', label: 'Pod' },
  service: { icon: 'server-environment', label: 'Service' },
  node: { icon: 'server', label: 'Node' },
  process: { icon: 'server-process', label: 'Host process' },
  external: { icon: 'globe', label: 'External' },
  unknown: { icon: 'question', label: 'Unknown' },
};

export const VERDICT_LOOKS: Readonly<Record<Verdict, Look & { readonly meaning: string }>> = {
  forwarded: { icon: 'pass', label: 'Forwarded', meaning: 'Packets passed in both directions.' },
  dropped: { icon: 'error', label: 'Dropped', meaning: 'The kernel dropped packets of this flow.' },
  refused: { icon: 'circle-slash', label: 'Refused', meaning: 'The other end refused the connection.' },
  reset: { icon: 'debug-disconnect', label: 'Reset', meaning: 'An established connection was reset.' },
  unanswered: { icon: 'watch', label: 'Unanswered', meaning: 'Packets went out and none came back.' },
  unknown: { icon: 'dash', label: 'Unknown', meaning: 'Not enough was seen to say.' },
};

export const EVIDENCE_WORDS: Readonly<Record<Evidence, string>> = {
  cgroup: 'the cgroup of its socket',
  socket: 'the owner of its socket',
  listener: 'the owner of its port',
  process: 'the process that holds its socket',
  kernel: 'the kernel itself',
  veth: 'the veth its packets passed',
  'pod-ip': 'its pod address',
  'service-ip': 'its Service address',
  'node-ip': 'its node address',
  conntrack: 'connection tracking',
  dns: 'a DNS answer',
  'host-port': 'a host port',
  none: 'nothing but its address',
};

export const NAT_WORDS: Readonly<Record<Translation['kind'], string>> = {
  dnat: 'DNAT',
  snat: 'SNAT',
  masquerade: 'masquerade',
};

/** One endpoint in a sentence or two: for tooltips. */
export function endpointTooltip(endpoint: Endpoint, port: number | null): string {
  const place = endpoint.node === null ? '' : ` on ${endpoint.node}`;
  const lines = [
    `${ENDPOINT_LOOKS[endpoint.kind].label} ${endpointText(endpoint)}${place}`,
    port === null ? endpoint.address : `${endpoint.address} port ${port}`,
    `Known by ${endpoint.evidence.map((evidence) => EVIDENCE_WORDS[evidence]).join(', ')}.`,
  ];
  if (endpoint.candidates.length > 0) lines.push(`Could be ${endpoint.candidates.join(' or ')}.`);
  return lines.join('\n');
}
