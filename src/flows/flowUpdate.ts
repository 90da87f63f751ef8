import type { Endpoint, EndpointKind, Evidence } from '../model/endpoint.ts';
import type { Drop, TunnelKind } from '../model/flow.ts';
import type {
  Endpoint as WireEndpoint,
  FlowDrop,
  StreamFlowsResponse,
  Tunnel as WireTunnel,
} from '../model/wire/generated/vethscope_pb.js';

/** An endpoint under the number an agent gave it. */
export interface AgentEndpoint {
  readonly id: number;
  readonly endpoint: Endpoint;
}

/** An observation point under the number an agent gave it. */
export interface AgentPoint {
  readonly id: number;
  readonly node: string;
  /** Inode of the namespace. */
  readonly netns: number;
  readonly interface: string;
  readonly ifindex: number;
  /** For example `from-endpoint`. */
  readonly point: string;
  /** Inside the packets of a tunnel that pass there. */
  readonly inner: boolean;
}

export interface AgentAddress {
  readonly id: number;
  readonly address: string;
}

/** A tunnel's packets of one source port, under the number an agent gave them. */
export interface AgentTunnel {
  readonly id: number;
  readonly kind: TunnelKind;
  /** VNI or GRE key; null where there is none. */
  readonly identifier: number | null;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  /** The agent's id of the flow of these packets, 0 for none. */
  readonly flow: number;
}

/** Dropped packets of a flow, by the agent's id of the flow. */
export interface AgentDrop {
  readonly flow: number;
  readonly drop: Drop;
}

/** One message of an agent's flow stream. All ids are the agent's own. */
export interface FlowUpdate {
  /** Number of the agent within the session. */
  readonly agent: number;
  /** The agent numbers anew from here on; what it sent before has ended. */
  readonly reset: boolean;
  readonly endpoints: readonly AgentEndpoint[];
  readonly points: readonly AgentPoint[];
  readonly addresses: readonly AgentAddress[];
  readonly tunnels: readonly AgentTunnel[];
  /** FLOW_RECORD_BYTES each; figures are totals since the flow began. */
  readonly flows: Uint8Array;
  /** SIGHTING_RECORD_BYTES each: all sightings of the flows above. */
  readonly sightings: Uint8Array;
  /** All drops of the flows above. */
  readonly drops: readonly AgentDrop[];
  /** uint32 little-endian ids of flows that ended and will not be updated again. */
  readonly ended: Uint8Array;
  /** Pairs of ids, uint32 little-endian: a flow that turned out to be part of another, and that other one. */
  readonly absorbed: Uint8Array;
  /** Updates that the agent dropped because its reader stalled. */
  readonly skippedUpdates: number;
}

/** A message as it comes from the wire, with the number of its agent. */
export function flowUpdateOf(batch: {
  readonly agent: number;
  readonly reset: boolean;
  readonly message: StreamFlowsResponse;
}): FlowUpdate {
  const { message } = batch;
  return {
    agent: batch.agent,
    reset: batch.reset,
    endpoints: message.endpoints.map((endpoint) => ({ id: endpoint.id, endpoint: endpointOf(endpoint) })),
    points: message.points.map((point) => ({ ...point, netns: Number(point.netns) })),
    addresses: message.addresses,
    tunnels: message.tunnels.map(tunnelOf),
    flows: message.flows,
    sightings: message.sightings,
    drops: message.drops.map(dropOf),
    ended: message.ended,
    absorbed: message.absorbed,
    skippedUpdates: Number(message.skippedUpdates),
  };
}

function dropOf({ flow, sentByClient, ...wire }: FlowDrop): AgentDrop {
  const { reason, packets, node, netns, ifindex } = wire;
  const place = { node, netns: Number(netns), ifindex, point: orNull(wire.interface) };
  return { flow, drop: { reason, packets, ...place, direction: sentByClient ? 'sent' : 'received' } };
}

function tunnelOf(wire: WireTunnel): AgentTunnel {
  return { ...wire, kind: wire.kind as TunnelKind, identifier: wire.identifier ?? null };
}

function endpointOf(wire: WireEndpoint): Endpoint {
  return {
    kind: wire.kind as EndpointKind,
    namespace: orNull(wire.namespace),
    name: orNull(wire.name),
    uid: orNull(wire.uid),
    container: orNull(wire.container),
    workload: wire.workloadName === '' ? null : { kind: wire.workloadKind, name: wire.workloadName },
    node: orNull(wire.node),
    address: wire.address,
    names: wire.names,
    evidence: wire.evidence as Evidence[],
    candidates: wire.candidates,
  };
}

/** proto3 has no "absent" for a string. */
const orNull = (text: string): string | null => (text === '' ? null : text);
