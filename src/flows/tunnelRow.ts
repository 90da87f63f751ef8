import type { FlowTunnel } from '../model/flow.ts';
import { FLOW } from '../model/flowRecord.ts';
import type { FlowReference, TunnelRow } from '../model/panelMessages.ts';
import type { AgentTunnel } from './flowUpdate.ts';

/** Where a flow record names the tunnels that carry it. */
export const TUNNEL_FIELDS: readonly { direction: FlowTunnel['direction']; field: number }[] = [
  { direction: 'sent', field: FLOW.sentTunnel },
  { direction: 'received', field: FLOW.receivedTunnel },
];

/** @param flow of the tunnel's packets, null where it is not held */
export function tunnelRow(
  direction: FlowTunnel['direction'],
  { kind, identifier, source, sourcePort, destination, destinationPort }: AgentTunnel,
  flow: FlowReference | null,
): TunnelRow {
  return { direction, kind, identifier, source, sourcePort, destination, destinationPort, flow };
}
