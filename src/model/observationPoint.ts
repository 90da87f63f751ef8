import type { ObservationPoint } from './flow.ts';
import type { InterfaceRole } from './topology.ts';

const NAMES: Readonly<Record<InterfaceRole, readonly [ingress: ObservationPoint, egress: ObservationPoint]>> =
  {
    'pod-veth': ['from-endpoint', 'to-endpoint'],
    uplink: ['from-network', 'to-network'],
    tunnel: ['from-overlay', 'to-overlay'],
    bridge: ['from-bridge', 'to-bridge'],
    loopback: ['to-host', 'from-host'],
    'host-veth': ['to-host', 'from-host'],
    other: ['to-host', 'from-host'],
  };

/**
 * Name of a point from the workload's side: what enters the host side of a pod's veth leaves the pod.
 * @param inside whether the interface is inside the pod's own namespace, so that its directions are turned round
 */
export function pointName(role: InterfaceRole, inside: boolean, egress: boolean): ObservationPoint {
  if (inside && role !== 'loopback') return egress ? 'from-endpoint' : 'to-endpoint';
  return NAMES[role][egress ? 1 : 0];
}
