import type { Endpoint } from '../../../src/model/endpoint.ts';
import type { Flow, FlowEnd, Sighting, TcpFacts, Tuple } from '../../../src/model/flow.ts';
import { FLOW_BITS, NOT_KNOWN, PROTOCOLS, SIGHTING, VERDICTS } from '../../../src/model/flowRecord.ts';
import { TCP_FLAG_NAMES } from '../collector/flowLayout.ts';
import { KEPT_BYTES, NONE, ROW, ROW_BYTES } from './flowRow.ts';
import type { FlowTable } from './flowTable.ts';
import { pointRank } from './pointRegistry.ts';

/** A row as the public JSON has it. @param session makes ids of several agents and sessions differ */
export function flowJson(table: FlowTable, row: number, session: string): Flow {
  const { rows } = table;
  const base = row * ROW_BYTES;
  const bits = rows.getUint8(base + ROW.bits);
  const protocol = PROTOCOLS[rows.getUint8(base + ROW.protocol)] ?? 'other';
  return {
    id: `${session}-${rows.getUint32(base + ROW.id, true)}`,
    start: timestamp(rows.getFloat64(base + ROW.start, true)),
    end: timestamp(rows.getFloat64(base + ROW.end, true)),
    final: (bits & FLOW_BITS.final) !== 0,
    protocol,
    initiator: (bits & FLOW_BITS.initiatorCertain) !== 0 ? 'certain' : 'guessed',
    client: flowEnd(table, rows.getUint32(base + ROW.client, true), rows.getUint16(base + ROW.clientPort, true)),
    server: flowEnd(table, rows.getUint32(base + ROW.server, true), rows.getUint16(base + ROW.serverPort, true)),
    service: table.services.get(rows.getUint32(base + ROW.service, true)) ?? null,
    nat: [],
    verdict: VERDICTS[rows.getUint8(base + ROW.verdict)] ?? 'unknown',
    drops: [],
    sent: {
      packets: rows.getFloat64(base + ROW.sentPackets, true),
      bytes: rows.getFloat64(base + ROW.sentBytes, true),
    },
    received: {
      packets: rows.getFloat64(base + ROW.receivedPackets, true),
      bytes: rows.getFloat64(base + ROW.receivedBytes, true),
    },
    tcp: protocol === 'tcp' ? tcpFacts(table, row) : null,
    sightings: sightingsOf(table, row),
  };
}

/** RFC 3339 with milliseconds, UTC. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

function flowEnd(table: FlowTable, id: number, port: number): FlowEnd {
  const endpoint: Endpoint | undefined = table.names.endpoints.get(id);
  if (endpoint === undefined) throw new Error(`endpoint ${id} is not in the flow table's names`);
  return { ...endpoint, port };
}

function tcpFacts({ rows }: FlowTable, row: number): TcpFacts {
  const base = row * ROW_BYTES;
  const flags = rows.getUint16(base + ROW.clientTcpFlags, true) | rows.getUint16(base + ROW.serverTcpFlags, true);
  return {
    flags: TCP_FLAG_NAMES.filter((_, bit) => (flags & (1 << bit)) !== 0),
    handshakeUs: known(rows.getUint32(base + ROW.handshakeUs, true)),
    rttUs: known(rows.getUint32(base + ROW.rttUs, true)),
    retransmits: rows.getUint32(base + ROW.retransmits, true),
  };
}

function known(value: number): number | null {
  return value === NOT_KNOWN ? null : value;
}

/** Sightings in the order a packet of the client meets them. */
function sightingsOf(table: FlowTable, row: number): Sighting[] {
  const found: { sighting: Sighting; order: number }[] = [];
  const clientAddress = table.rows.getUint8(row * ROW_BYTES + ROW.clientIsHigh) === 1;
  const clientId = table.rows.getUint32(row * ROW_BYTES + (clientAddress ? ROW.highAddress : ROW.lowAddress), true);
  for (let index = table.firstSighting(row); index !== NONE; index = table.sightings.next(index)) {
    const { view } = table.sightings;
    const base = index * KEPT_BYTES;
    const point = table.points.get(view.getUint32(base + SIGHTING.point, true));
    if (point === undefined) continue;
    const { facts } = point;
    const fromClient = view.getUint32(base + SIGHTING.source, true) === clientId;
    found.push({
      order: (fromClient ? 0 : 100) + pointRank(point.name, fromClient),
      sighting: {
        node: facts.node,
        netns: facts.netnsInode,
        interface: facts.interface,
        ifindex: facts.ifindex,
        point: point.name,
        tuple: tupleOf(table, base),
        packets: view.getFloat64(base + SIGHTING.packets, true),
        bytes: view.getFloat64(base + SIGHTING.bytes, true),
        first: timestamp(view.getFloat64(base + SIGHTING.first, true)),
        last: timestamp(view.getFloat64(base + SIGHTING.last, true)),
      },
    });
  }
  return found
    .sort((a, b) => a.order - b.order || a.sighting.ifindex - b.sighting.ifindex)
    .map(({ sighting }) => sighting);
}

function tupleOf({ sightings: { view }, names }: FlowTable, base: number): Tuple {
  return {
    source: names.addresses.get(view.getUint32(base + SIGHTING.source, true)) ?? '',
    sourcePort: view.getUint16(base + SIGHTING.sourcePort, true),
    destination: names.addresses.get(view.getUint32(base + SIGHTING.destination, true)) ?? '',
    destinationPort: view.getUint16(base + SIGHTING.destinationPort, true),
  };
}
