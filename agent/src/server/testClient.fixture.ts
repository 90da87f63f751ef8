/** A client of the agent, for tests: the real transport that extensions use. */
import type { Client, Interceptor } from '@connectrpc/connect';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { FLOW, FLOW_RECORD_BYTES, SIGHTING_RECORD_BYTES } from '../../../src/model/flowRecord.ts';
import type { StreamFlowsResponse } from '../../../src/model/wire/generated/vethscope_pb.js';
import { AgentService } from '../../../src/model/wire/generated/vethscope_pb.js';
import { viewOf } from '../collector/flowLayout.ts';

export interface TestClient {
  readonly agent: Client<typeof AgentService>;
  close(): void;
}

/** @param token undefined sends none */
export function connect(port: number, token: string | undefined): TestClient {
  const baseUrl = `http://127.0.0.1:${port}`;
  const sessionManager = new Http2SessionManager(baseUrl);
  const authorize: Interceptor = (next) => (request) => {
    if (token !== undefined) request.header.set('authorization', `Bearer ${token}`);
    return next(request);
  };
  const transport = createConnectTransport({
    baseUrl,
    httpVersion: '2',
    sessionManager,
    interceptors: [authorize],
  });
  return { agent: createClient(AgentService, transport), close: () => sessionManager.abort() };
}

/** What a reader knows after some messages: the latest record of each flow, and every name. */
export class Received {
  readonly records = new Map<number, DataView>();
  readonly sightings = new Map<number, DataView[]>();
  readonly endpoints = new Map<number, string>();
  readonly addresses = new Map<number, string>();
  readonly points = new Map<number, string>();
  readonly ended = new Set<number>();
  skipped = 0;
  sequence = 0;

  take(message: StreamFlowsResponse): void {
    for (const { id, namespace, name, address } of message.endpoints) {
      this.endpoints.set(id, name === '' ? address : `${namespace}/${name}`);
    }
    for (const { id, address } of message.addresses) this.addresses.set(id, address);
    for (const point of message.points) this.points.set(point.id, `${point.interface} ${point.point}`);
    for (let at = 0; at < message.flows.length; at += FLOW_RECORD_BYTES) {
      const record = viewOf(message.flows.slice(at, at + FLOW_RECORD_BYTES));
      this.records.set(record.getUint32(FLOW.id, true), record);
      this.sightings.set(record.getUint32(FLOW.id, true), []);
    }
    for (let at = 0; at < message.sightings.length; at += SIGHTING_RECORD_BYTES) {
      const sighting = viewOf(message.sightings.slice(at, at + SIGHTING_RECORD_BYTES));
      this.sightings.get(sighting.getUint32(0, true))?.push(sighting);
    }
    const ended = viewOf(message.ended);
    for (let at = 0; at < message.ended.length; at += 4) this.ended.add(ended.getUint32(at, true));
    this.skipped += Number(message.skippedUpdates);
    this.sequence = Number(message.sequence);
  }

  /** Sum of a float64 field over all flows. */
  total(field: number): number {
    return [...this.records.values()].reduce((sum, record) => sum + record.getFloat64(field, true), 0);
  }
}
