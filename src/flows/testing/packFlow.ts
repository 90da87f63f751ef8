import {
  FLOW,
  FLOW_BITS,
  FLOW_RECORD_BYTES,
  INITIATOR_SHIFT,
  NOT_KNOWN,
  PROTOCOLS,
  SIGHTING,
  SIGHTING_RECORD_BYTES,
  VERDICTS,
} from '../../model/flowRecord.ts';
import type { Endpoint } from '../../model/endpoint.ts';
import type { InitiatorEvidence, Protocol, Verdict } from '../../model/flow.ts';
import { INITIATOR_EVIDENCE, initiatorOf } from '../../model/flow.ts';
import type { FlowUpdate } from '../flowUpdate.ts';

/** A flow in words, for tests and for the browser harness. Ids are the agent's. */
export interface PlainFlow {
  readonly id: number;
  readonly client: number;
  readonly server: number;
  readonly service: number;
  readonly clientPort: number;
  readonly serverPort: number;
  readonly protocol: Protocol;
  readonly verdict: Verdict;
  readonly initiatorEvidence: InitiatorEvidence;
  readonly rttUs: number | null;
  readonly retransmits: number;
  readonly start: number;
  readonly end: number;
  readonly sentPackets: number;
  readonly sentBytes: number;
  readonly receivedPackets: number;
  readonly receivedBytes: number;
  readonly droppedPackets: number;
  readonly sightings: number;
  readonly sentTunnel: number;
  readonly receivedTunnel: number;
  /** Ids of addresses, 0 for none: where the client asked before DNAT, and its source after SNAT. */
  readonly askedAddress: number;
  readonly askedPort: number;
  readonly translatedAddress: number;
  readonly translatedPort: number;
  readonly masqueraded: boolean;
}

export interface PlainSighting {
  readonly flow: number;
  readonly point: number;
  readonly source: number;
  readonly sourcePort: number;
  readonly destination: number;
  readonly destinationPort: number;
  readonly packets: number;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

export function packFlows(flows: readonly PlainFlow[]): Uint8Array {
  const bytes = new Uint8Array(flows.length * FLOW_RECORD_BYTES);
  flows.forEach((flow, row) => {
    packFlow(new DataView(bytes.buffer, row * FLOW_RECORD_BYTES, FLOW_RECORD_BYTES), flow);
  });
  return bytes;
}

function packFlow(view: DataView, flow: PlainFlow): void {
  view.setUint32(FLOW.id, flow.id, true);
  view.setUint32(FLOW.client, flow.client, true);
  view.setUint32(FLOW.server, flow.server, true);
  view.setUint32(FLOW.service, flow.service, true);
  view.setUint16(FLOW.clientPort, flow.clientPort, true);
  view.setUint16(FLOW.serverPort, flow.serverPort, true);
  view.setUint8(FLOW.protocol, PROTOCOLS.indexOf(flow.protocol));
  view.setUint8(FLOW.verdict, VERDICTS.indexOf(flow.verdict));
  view.setUint8(FLOW.bits, bitsOf(flow));
  view.setUint32(FLOW.handshakeUs, NOT_KNOWN, true);
  view.setUint32(FLOW.rttUs, flow.rttUs ?? NOT_KNOWN, true);
  view.setUint32(FLOW.retransmits, flow.retransmits, true);
  view.setFloat64(FLOW.start, flow.start, true);
  view.setFloat64(FLOW.end, flow.end, true);
  view.setFloat64(FLOW.sentPackets, flow.sentPackets, true);
  view.setFloat64(FLOW.sentBytes, flow.sentBytes, true);
  view.setFloat64(FLOW.receivedPackets, flow.receivedPackets, true);
  view.setFloat64(FLOW.receivedBytes, flow.receivedBytes, true);
  view.setFloat64(FLOW.droppedPackets, flow.droppedPackets, true);
  view.setUint32(FLOW.sightings, flow.sightings, true);
  view.setUint32(FLOW.sentTunnel, flow.sentTunnel, true);
  view.setUint32(FLOW.receivedTunnel, flow.receivedTunnel, true);
  view.setUint32(FLOW.askedAddress, flow.askedAddress, true);
  view.setUint16(FLOW.askedPort, flow.askedPort, true);
  view.setUint32(FLOW.translatedAddress, flow.translatedAddress, true);
  view.setUint16(FLOW.translatedPort, flow.translatedPort, true);
}

function bitsOf(flow: PlainFlow): number {
  const { initiatorEvidence, masqueraded } = flow;
  const joined = flow.askedAddress !== 0 || flow.translatedAddress !== 0 ? FLOW_BITS.joined : 0;
  const certain = initiatorOf(initiatorEvidence) === 'certain' ? FLOW_BITS.initiatorCertain : 0;
  const why = INITIATOR_EVIDENCE.indexOf(initiatorEvidence) << INITIATOR_SHIFT;
  return certain | why | joined | (masqueraded ? FLOW_BITS.masqueraded : 0);
}

export function packSightings(sightings: readonly PlainSighting[]): Uint8Array {
  const bytes = new Uint8Array(sightings.length * SIGHTING_RECORD_BYTES);
  sightings.forEach((sighting, row) => {
    const view = new DataView(bytes.buffer, row * SIGHTING_RECORD_BYTES, SIGHTING_RECORD_BYTES);
    view.setUint32(SIGHTING.flow, sighting.flow, true);
    view.setUint32(SIGHTING.point, sighting.point, true);
    view.setUint32(SIGHTING.source, sighting.source, true);
    view.setUint32(SIGHTING.destination, sighting.destination, true);
    view.setUint16(SIGHTING.sourcePort, sighting.sourcePort, true);
    view.setUint16(SIGHTING.destinationPort, sighting.destinationPort, true);
    view.setFloat64(SIGHTING.packets, sighting.packets, true);
    view.setFloat64(SIGHTING.bytes, sighting.bytes, true);
    view.setFloat64(SIGHTING.first, sighting.first, true);
    view.setFloat64(SIGHTING.last, sighting.last, true);
  });
  return bytes;
}

export function packIds(ids: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(ids.length * 4);
  const view = new DataView(bytes.buffer);
  ids.forEach((id, index) => {
    view.setUint32(index * 4, id, true);
  });
  return bytes;
}

/** An update of agent 0 with nothing in it but what is given. */
export function updateOf(parts: Partial<FlowUpdate>): FlowUpdate {
  return {
    agent: 0,
    reset: false,
    endpoints: [],
    points: [],
    addresses: [],
    tunnels: [],
    flows: new Uint8Array(0),
    sightings: new Uint8Array(0),
    drops: [],
    ended: new Uint8Array(0),
    absorbed: new Uint8Array(0),
    skippedUpdates: 0,
    ...parts,
  };
}

export function plainFlow(parts: Partial<PlainFlow>): PlainFlow {
  return {
    id: 1,
    client: 1,
    server: 2,
    service: 0,
    clientPort: 40000,
    serverPort: 80,
    protocol: 'tcp',
    verdict: 'forwarded',
    initiatorEvidence: 'opening',
    rttUs: null,
    retransmits: 0,
    start: 1_000_000,
    end: 1_001_000,
    sentPackets: 1,
    sentBytes: 100,
    receivedPackets: 1,
    receivedBytes: 200,
    droppedPackets: 0,
    sightings: 1,
    sentTunnel: 0,
    receivedTunnel: 0,
    askedAddress: 0,
    askedPort: 0,
    translatedAddress: 0,
    translatedPort: 0,
    masqueraded: false,
    ...parts,
  };
}

export function plainEndpoint(parts: Partial<Endpoint>): Endpoint {
  return {
    kind: 'pod',
    namespace: null,
    name: null,
    uid: null,
    container: null,
    workload: null,
    node: null,
    address: '10.244.0.1',
    names: [],
    evidence: ['pod-ip'],
    candidates: [],
    ...parts,
  };
}
