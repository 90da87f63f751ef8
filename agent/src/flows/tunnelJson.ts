import type { FlowTunnel } from '../../../src/model/flow.ts';
import { ROW } from './flowRow.ts';
import type { FlowTable } from './flowTable.ts';

/** What carries a row's packets, the client's first. @param session as in flowJson */
export function tunnelsOf(
  table: FlowTable,
  row: number,
  clientIsHigh: boolean,
  session: string,
): FlowTunnel[] {
  const [client, server] = clientIsHigh
    ? [ROW.highCarrier, ROW.lowCarrier]
    : [ROW.lowCarrier, ROW.highCarrier];
  const tunnels: FlowTunnel[] = [];
  for (const [direction, field] of [
    ['sent', client],
    ['received', server],
  ] as const) {
    const carrier = table.names.carriers.get(table.uint32(row, field));
    if (carrier === undefined) continue;
    const { kind, identifier, source, destination, destinationPort } = carrier.tunnel;
    tunnels.push({
      direction,
      kind,
      identifier,
      source,
      sourcePort: carrier.sourcePort,
      destination,
      destinationPort,
      flow: carrier.flow === 0 ? null : `${session}-${carrier.flow}`,
    });
  }
  return tunnels;
}
