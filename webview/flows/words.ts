import type { EndpointKind } from '../../src/model/endpoint.ts';
import type { Translation, Verdict } from '../../src/model/flow.ts';

/** How the page shows kinds and verdicts: an icon and always a word. */
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

/** What NAT did, in a cell's width: `DNAT 10.96.0.10:80 → 10.244.1.3:8080`, `masqueraded as 10.0.0.2:41234`. */
export function translationText({ kind, from, to }: Translation): string {
  switch (kind) {
    case 'dnat':
      return `DNAT ${from} → ${to}`;
    case 'snat':
      return `SNAT to ${to}`;
    case 'masquerade':
      return `masqueraded as ${to}`;
  }
}
