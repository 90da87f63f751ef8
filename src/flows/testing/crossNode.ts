import type { Endpoint, Evidence } from '../../model/endpoint.ts';
import { FLOW, FLOW_BITS, VERDICTS } from '../../model/flowRecord.ts';
import { FlowRecords } from '../../model/flowRecords.ts';
import { SLOT } from '../flowPicture.ts';
import type { FlowStore } from '../flowStore.ts';
import type { FlowUpdate } from '../flowUpdate.ts';
import type { PlainFlow } from './packFlow.ts';
import { packFlows, packIds, packSightings, plainEndpoint, plainFlow, updateOf } from './packFlow.ts';

/** Where an end of a flow is, and who an agent says it is. */
export interface PlainEnd {
  readonly address: string;
  readonly port: number;
  readonly name: string | null;
  readonly evidence: Evidence;
  readonly node: string | null;
  readonly candidates?: readonly string[];
}

/** One agent's flow in words, with its ends instead of ids. */
export interface SeenFlow extends Partial<
  Omit<PlainFlow, 'client' | 'server' | 'service' | 'askedAddress' | 'translatedAddress'>
> {
  readonly id: number;
  readonly from: PlainEnd;
  readonly to: PlainEnd;
  readonly service?: string;
  readonly askedAt?: { readonly address: string; readonly port: number };
  readonly translatedTo?: { readonly address: string; readonly port: number };
  /** Where the client's packets were seen by their tuple of `from` and `to`. */
  readonly points?: readonly string[];
}

/** An agent of a test, which names what it uses as the real one does. */
export class TestAgent {
  readonly agent: number;
  readonly node: string;
  readonly #endpoints = new Map<string, number>();
  readonly #addresses = new Map<string, number>();
  /** Names that were told, of each kind. */
  #told = { endpoints: 0, addresses: 0, points: 0 };

  constructor(agent: number, node: string) {
    this.agent = agent;
    this.node = node;
  }

  /** One message with these flows as they are now. */
  update(
    seen: readonly SeenFlow[],
    more: { ended?: readonly number[]; absorbed?: readonly number[]; reset?: boolean } = {},
  ): FlowUpdate {
    if (more.reset === true) this.#told = { endpoints: 0, addresses: 0, points: 0 };
    const flows = seen.map((flow) => this.#plain(flow));
    const sightings = seen.flatMap((flow) =>
      (flow.points ?? []).map((point) => ({
        flow: flow.id,
        point: POINTS.indexOf(point) + 1,
        source: this.#address(flow.from.address),
        sourcePort: flow.from.port,
        destination: this.#address(flow.to.address),
        destinationPort: flow.to.port,
        packets: 1,
        bytes: 1,
        first: flow.start ?? 0,
        last: flow.end ?? 0,
      })),
    );
    const points = POINTS.map((point, index) => ({
      id: index + 1,
      node: this.node,
      netns: 1,
      interface: 'eth0',
      ifindex: 2,
      point,
      inner: false,
    }));
    const told = this.#told;
    this.#told = { endpoints: this.#endpoints.size, addresses: this.#addresses.size, points: points.length };
    const newEndpoints = [...this.#endpoints].slice(told.endpoints);
    return updateOf({
      agent: this.agent,
      reset: more.reset ?? false,
      endpoints: newEndpoints.map(([text, id]) => ({ id, endpoint: JSON.parse(text) as Endpoint })),
      addresses: [...this.#addresses].slice(told.addresses).map(([address, id]) => ({ id, address })),
      points: points.slice(told.points),
      flows: packFlows(flows),
      sightings: packSightings(sightings),
      ended: packIds(more.ended ?? []),
      absorbed: packIds(more.absorbed ?? []),
    });
  }

  #plain(seen: SeenFlow): PlainFlow {
    const { from, to, service, askedAt, translatedTo, points, ...rest } = seen;
    return plainFlow({
      ...rest,
      client: this.#endpoint(from),
      server: this.#endpoint(to),
      service:
        service === undefined
          ? 0
          : this.#endpoint({
              ...to,
              address: '10.96.0.1',
              name: service,
              evidence: 'service-ip',
              node: null,
            }),
      clientPort: from.port,
      serverPort: to.port,
      sightings: points?.length ?? 0,
      ...(askedAt === undefined
        ? {}
        : { askedAddress: this.#address(askedAt.address), askedPort: askedAt.port }),
      ...(translatedTo === undefined
        ? {}
        : {
            translatedAddress: this.#address(translatedTo.address),
            translatedPort: translatedTo.port,
            masqueraded: true,
          }),
    });
  }

  #endpoint({ address, name, evidence, node, candidates = [] }: PlainEnd): number {
    const endpoint = plainEndpoint({ address, name, evidence: [evidence], node, candidates });
    return idIn(this.#endpoints, JSON.stringify(endpoint));
  }

  #address(address: string): number {
    return idIn(this.#addresses, address);
  }
}

const POINTS: readonly string[] = ['from-endpoint', 'to-endpoint', 'to-network', 'from-network'];

function idIn(ids: Map<string, number>, text: string): number {
  const known = ids.get(text);
  if (known !== undefined) return known;
  ids.set(text, ids.size + 1);
  return ids.size;
}

/** What a row says, but for its name, which depends on who came first. */
export interface ShownRow {
  readonly client: string;
  readonly server: string;
  readonly clientPort: number;
  readonly serverPort: number;
  readonly service: string | null;
  readonly nat: readonly string[];
  readonly verdict: string;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly start: number;
  readonly end: number;
  readonly ended: boolean;
  readonly certain: boolean;
  readonly sightings: readonly string[];
}

/** All rows of a store, in an order that does not depend on the store's. */
export function shownRows(store: FlowStore): ShownRow[] {
  const { slots, states, records } = store.picture(0);
  const rows: ShownRow[] = [];
  for (let slot = 0; slot < slots; slot++) {
    if (states[slot] === SLOT.free) continue;
    rows.push(shownRow(store, records.uint32(slot, FLOW.agent), records.uint32(slot, FLOW.id)));
  }
  const text = (row: ShownRow): string => JSON.stringify(row);
  return rows.sort((one, other) => (text(one) < text(other) ? -1 : 1));
}

export function shownRow(store: FlowStore, agent: number, flow: number): ShownRow {
  const detail = store.detail(agent, flow);
  if (detail === null) throw new Error(`a row without details: ${agent} ${flow}`);
  const record = new FlowRecords(detail.record);
  const name = (field: number): string => {
    const endpoint = store.endpoints.endpoint(record.uint32(0, field));
    return endpoint?.name ?? endpoint?.candidates.join('|') ?? '?';
  };
  const bits = record.uint8(0, FLOW.bits);
  return {
    client: name(FLOW.client),
    server: name(FLOW.server),
    clientPort: record.uint16(0, FLOW.clientPort),
    serverPort: record.uint16(0, FLOW.serverPort),
    service: record.uint32(0, FLOW.service) === 0 ? null : name(FLOW.service),
    nat: detail.nat.map(({ kind, from, to }) => `${kind} ${from} ${to}`),
    verdict: VERDICTS[record.uint8(0, FLOW.verdict)] ?? '?',
    sentBytes: record.float64(0, FLOW.sentBytes),
    receivedBytes: record.float64(0, FLOW.receivedBytes),
    start: record.float64(0, FLOW.start),
    end: record.float64(0, FLOW.end),
    ended: (bits & FLOW_BITS.final) !== 0,
    certain: (bits & FLOW_BITS.initiatorCertain) !== 0,
    sightings: detail.sightings.map(({ node, point }) => `${node} ${point}`).sort(),
  };
}
