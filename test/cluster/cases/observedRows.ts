/** Rows as one agent sent them, taken from the wire and kept apart from those of other agents. */
import { FLOW, FLOW_BITS, PROTOCOLS, VERDICTS } from '../../../src/model/flowRecord.ts';
import { FlowRecords } from '../../../src/model/flowRecords.ts';
import type { Endpoint } from '../../../src/model/endpoint.ts';
import type { Initiator, Protocol, Traffic, Translation, Verdict } from '../../../src/model/flow.ts';
import { flowUpdateOf } from '../../../src/flows/flowUpdate.ts';
import { translationsOf } from '../../../src/flows/translations.ts';
import type { FlowBatch } from '../../../src/session/types.ts';
import type { NodeName } from '../cluster.ts';

export interface RowEnd extends Endpoint {
  readonly port: number;
}

export interface Row {
  /** The node whose agent shows it. */
  readonly agent: NodeName;
  readonly id: number;
  readonly protocol: Protocol;
  readonly initiator: Initiator;
  readonly client: RowEnd;
  readonly server: RowEnd;
  /** The Service that was asked. */
  readonly service: Endpoint | null;
  readonly nat: readonly Translation[];
  readonly verdict: Verdict;
  readonly sent: Traffic;
  readonly received: Traffic;
  /** Milliseconds since the epoch. */
  readonly start: number;
  readonly end: number;
}

export class ObservedRows {
  readonly agent: NodeName;
  readonly #rows = new Map<number, Row>();
  readonly #endpoints = new Map<number, Endpoint>();
  readonly #addresses = new Map<number, string>();
  /** Names that a row had before it had its last ones: what a user may have read meanwhile. */
  readonly #earlier = new Map<number, Row[]>();

  constructor(agent: NodeName) {
    this.agent = agent;
  }

  get rows(): readonly Row[] {
    return [...this.#rows.values()];
  }

  /** What the row said before its present state, oldest first. */
  earlier(row: Pick<Row, 'id'>): readonly Row[] {
    return this.#earlier.get(row.id) ?? [];
  }

  take(batch: FlowBatch): void {
    const update = flowUpdateOf(batch);
    if (update.reset) this.#rows.clear();
    for (const { id, endpoint } of update.endpoints) this.#endpoints.set(id, endpoint);
    for (const { id, address } of update.addresses) this.#addresses.set(id, address);
    const { flows, absorbed } = update;
    const records = new FlowRecords(flows);
    for (let index = 0; index < records.count; index += 1) {
      const size = flows.byteLength / records.count;
      this.#put(new FlowRecords(flows.slice(index * size, (index + 1) * size)));
    }
    const pairs = new DataView(absorbed.buffer, absorbed.byteOffset, absorbed.byteLength);
    for (let at = 0; at + 8 <= pairs.byteLength; at += 8) this.#rows.delete(pairs.getUint32(at, true));
  }

  #put(record: FlowRecords): void {
    const row = this.#decode(record);
    const before = this.#rows.get(row.id);
    const isRenamed = before !== undefined && namesOf(before) !== namesOf(row);
    if (isRenamed) this.#earlier.set(row.id, [...this.earlier(row), before]);
    this.#rows.set(row.id, row);
  }

  #decode(record: FlowRecords): Row {
    const bits = record.uint8(0, FLOW.bits);
    const service = record.uint32(0, FLOW.service);
    return {
      agent: this.agent,
      id: record.uint32(0, FLOW.id),
      protocol: PROTOCOLS[record.uint8(0, FLOW.protocol)] ?? 'other',
      initiator: (bits & FLOW_BITS.initiatorCertain) === 0 ? 'guessed' : 'certain',
      client: { ...this.#endpoint(record.uint32(0, FLOW.client)), port: record.uint16(0, FLOW.clientPort) },
      server: { ...this.#endpoint(record.uint32(0, FLOW.server)), port: record.uint16(0, FLOW.serverPort) },
      service: service === 0 ? null : this.#endpoint(service),
      nat: translationsOf(record, 0, {
        address: (id) => this.#addresses.get(id) ?? '?',
        endpoint: (id) => this.#endpoint(id).address,
      }),
      verdict: VERDICTS[record.uint8(0, FLOW.verdict)] ?? 'unknown',
      sent: { packets: record.float64(0, FLOW.sentPackets), bytes: record.float64(0, FLOW.sentBytes) },
      received: {
        packets: record.float64(0, FLOW.receivedPackets),
        bytes: record.float64(0, FLOW.receivedBytes),
      },
      start: record.float64(0, FLOW.start),
      end: record.float64(0, FLOW.end),
    };
  }

  #endpoint(id: number): Endpoint {
    const endpoint = this.#endpoints.get(id);
    if (endpoint === undefined) throw new Error(`${this.agent}: endpoint ${id} was used before it was named`);
    return endpoint;
  }
}

function namesOf({ client, server, initiator }: Row): string {
  return JSON.stringify([client, server, initiator]);
}
