import type { Flow, FlowEnd, Sighting, TcpFacts, Tuple } from '../../../src/model/flow.ts';
import { initiatorOf } from '../../../src/model/flow.ts';
import { NOT_KNOWN, VERDICTS } from '../../../src/model/flowRecord.ts';
import { TCP_FLAG_NAMES } from '../collector/flowLayout.ts';
import { dropsOf } from './dropStore.ts';
import { KEPT, KEPT_BYTES, NONE, ROW } from './flowRow.ts';
import type { FlowSummary } from './flowSummary.ts';
import { connectionFacts, protocolOf, summarize } from './flowSummary.ts';
import type { FlowTable } from './flowTable.ts';
import { pointRank } from './pointRegistry.ts';
import { resetBy, tcpState } from './tcpState.ts';
import { keyEnd, namedTranslations } from './translations.ts';
import { tunnelsOf } from './tunnelJson.ts';

/** A row as the public JSON has it. @param session makes ids of several agents and sessions differ */
export function flowJson(table: FlowTable, row: number, session: string): Flow {
  const summary = summarize(table, row);
  const { clientIsHigh, sent, received } = summary;
  const protocol = protocolOf(table, row);
  return {
    id: `${session}-${table.idOf(row)}`,
    start: timestamp(table.epoch + summary.start),
    end: timestamp(table.epoch + summary.end),
    final: table.isEnded(row),
    protocol,
    initiator: initiatorOf(summary.initiatorEvidence),
    initiatorEvidence: summary.initiatorEvidence,
    client: flowEnd(table, row, clientIsHigh),
    server: flowEnd(table, row, !clientIsHigh),
    service: table.services.get(table.uint32(row, clientIsHigh ? ROW.lowService : ROW.highService)) ?? null,
    nat: namedTranslations(table, row, clientIsHigh),
    verdict: VERDICTS[table.uint8(row, ROW.verdict)] ?? 'unknown',
    drops: dropsOf(table.drops, table.idOf(row), clientIsHigh),
    sent: { packets: sent.packets, bytes: sent.bytes },
    received: { packets: received.packets, bytes: received.bytes },
    tcp: protocol === 'tcp' ? tcpFacts(table, row, summary) : null,
    tunnels: tunnelsOf(table, row, clientIsHigh, session),
    sightings: sightingsOf(table, row, clientIsHigh),
  };
}

/** RFC 3339 with milliseconds, UTC. */
function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

export function flowEnd(table: FlowTable, row: number, high: boolean): FlowEnd {
  const id = table.uint32(row, high ? ROW.highEndpoint : ROW.lowEndpoint);
  const endpoint = table.names.endpoints.get(id);
  if (endpoint === undefined) throw new Error(`endpoint ${id} is not in the flow table's names`);
  return { ...endpoint, port: keyEnd(table, row, high).port };
}

function tcpFacts(table: FlowTable, row: number, summary: FlowSummary): TcpFacts {
  const { clientIsHigh, sent, received } = summary;
  const flags = sent.tcpFlags | received.tcpFlags;
  const { rttUs, ...facts } = connectionFacts(table, row, clientIsHigh);
  return {
    flags: TCP_FLAG_NAMES.filter((_, bit) => (flags & (1 << bit)) !== 0),
    handshakeUs: known(table.uint32(row, ROW.handshakeUs)),
    rttUs: known(rttUs),
    ...facts,
    resetBy: resetBy(sent.tcpFlags, received.tcpFlags),
    state: tcpState(sent.tcpFlags, received.tcpFlags, received.packets > 0),
  };
}

function known(value: number): number | null {
  return value === NOT_KNOWN ? null : value;
}

/** Sightings nearest to the workload first, the client's packets before the server's. */
function sightingsOf(table: FlowTable, row: number, clientIsHigh: boolean): Sighting[] {
  const { view } = table.sightings;
  const found: { sighting: Sighting; order: number }[] = [];
  for (let index = table.firstSighting(row); index !== NONE; index = table.sightings.next(index)) {
    const base = index * KEPT_BYTES;
    const code = view.getUint32(base + KEPT.code, true);
    const fromHigh = (code & 1) === 1;
    const point = table.points.get(code >>> 1);
    if (point === undefined) continue;
    const { facts } = point;
    const fromClient = fromHigh === clientIsHigh;
    found.push({
      order: (fromClient ? 0 : 100) + pointRank(point, fromClient),
      sighting: {
        node: facts.node,
        netns: facts.netnsInode,
        interface: facts.interface,
        ifindex: facts.ifindex,
        point: point.name,
        tuple: tupleOf(table, view.getUint32(base + KEPT.key, true), fromHigh),
        inner: point.inner,
        packets: view.getFloat64(base + KEPT.packets, true),
        bytes: view.getFloat64(base + KEPT.bytes, true),
        first: timestamp(table.epoch + view.getUint32(base + KEPT.first, true)),
        last: timestamp(table.epoch + view.getUint32(base + KEPT.last, true)),
      },
    });
  }
  return found
    .sort((a, b) => a.order - b.order || a.sighting.ifindex - b.sighting.ifindex)
    .map(({ sighting }) => sighting);
}

/** @param fromHigh whether the flow's high side sent it */
function tupleOf(table: FlowTable, key: number, fromHigh: boolean): Tuple {
  const sentByHigh = fromHigh !== table.isTurned(key);
  const source = keyEnd(table, key, sentByHigh);
  const destination = keyEnd(table, key, !sentByHigh);
  const address = (id: number): string => table.names.addresses.get(id) ?? '';
  return {
    source: address(source.address),
    sourcePort: source.port,
    destination: address(destination.address),
    destinationPort: destination.port,
  };
}
