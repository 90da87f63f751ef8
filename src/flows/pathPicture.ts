import type { FlowEnd, Sighting } from '../model/flow.ts';
import { FLOW, PROTOCOLS, VERDICTS } from '../model/flowRecord.ts';
import { FlowRecords } from '../model/flowRecords.ts';
import { endpointText, unknownEndpoint } from '../model/endpoint.ts';
import type { FlowReference, SightingRow } from '../model/panelMessages.ts';
import type { PathQuestion } from '../model/path/flowPath.ts';
import { PathMemory } from '../model/path/pathMemory.ts';
import { pathText } from '../model/path/pathText.ts';
import type { FlowPathPicture } from '../model/pointsMessages.ts';
import type { Topology } from '../model/topology.ts';
import type { FlowDetail, FlowStore } from './flowStore.ts';

/**
 * A flow of the store on the wiring of the observed nodes; null when the flow is no longer held.
 * @param memory of the flow's pictures before this one
 */
export function pathPicture(
  store: FlowStore,
  flow: FlowReference,
  topologies: readonly Topology[],
  memory: PathMemory = new PathMemory(),
): FlowPathPicture | null {
  const detail = store.detail(flow.agent, flow.flow);
  if (detail === null) return null;
  const record = new FlowRecords(detail.record);
  const question = questionOf(store, record, detail);
  const path = memory.pathOf(question, topologies);
  const { client, server, verdict } = question;
  const service = store.endpoints.endpoint(record.uint32(0, FLOW.service));
  return {
    ...{ client, server, verdict, path },
    service: service === null ? null : endpointText(service),
    protocol: PROTOCOLS[record.uint8(0, FLOW.protocol)] ?? 'other',
    changed: memory.changed,
    text: pathText(path),
    unobserved: detail.unobserved,
  };
}

function questionOf(store: FlowStore, record: FlowRecords, detail: FlowDetail): PathQuestion {
  const end = (field: number, port: number): FlowEnd => ({
    ...(store.endpoints.endpoint(record.uint32(0, field)) ?? unknownEndpoint('?')),
    port: record.uint16(0, port),
  });
  const traffic = (packets: number, bytes: number): { packets: number; bytes: number } => ({
    packets: record.float64(0, packets),
    bytes: record.float64(0, bytes),
  });
  return {
    client: end(FLOW.client, FLOW.clientPort),
    server: end(FLOW.server, FLOW.serverPort),
    nat: detail.nat,
    sightings: detail.sightings.map(sightingOf),
    sent: traffic(FLOW.sentPackets, FLOW.sentBytes),
    received: traffic(FLOW.receivedPackets, FLOW.receivedBytes),
    drops: detail.drops,
    verdict: VERDICTS[record.uint8(0, FLOW.verdict)] ?? 'unknown',
  };
}

function sightingOf(row: SightingRow): Sighting {
  const { node, netns, ifindex, inner, packets, bytes } = row;
  return {
    ...{ node, netns, ifindex, inner, packets, bytes },
    interface: row.interface,
    point: row.point as Sighting['point'],
    tuple: {
      source: row.source,
      sourcePort: row.sourcePort,
      destination: row.destination,
      destinationPort: row.destinationPort,
    },
    first: new Date(row.first).toISOString(),
    last: new Date(row.last).toISOString(),
  };
}
