import type { Reason } from './trafficLine.ts';
import type { ProbedKind } from './traffic.ts';

/** Why there is no traffic of the kind to be followed on the node. */
export function noProbeReason(kind: ProbedKind): Reason {
  switch (kind) {
    case 'tunnel-outer':
      return {
        reason: 'This node has no tunnel: pods of other nodes are reached by route.',
        evidence: [],
      };
    case 'pod-to-pod':
    case 'service-backend':
      return { reason: 'Fewer than two pods of this node have a network of their own.', evidence: [] };
    case 'host-network':
      return { reason: 'No uplink of this node has an address.', evidence: [] };
    default:
      return { reason: 'No pod of this node has a network of its own that is known.', evidence: [] };
  }
}
