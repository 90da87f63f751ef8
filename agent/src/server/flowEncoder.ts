import type { Endpoint } from '../../../src/model/endpoint.ts';
import { FLOW_RECORD_BYTES, SIGHTING_RECORD_BYTES } from '../../../src/model/flowRecord.ts';
import { viewOf } from '../collector/flowLayout.ts';
import type { AbsorbedFlow } from '../flows/absorbedFlows.ts';
import { dropsOf } from '../flows/dropStore.ts';
import { ROW } from '../flows/flowRow.ts';
import type { FlowTable } from '../flows/flowTable.ts';
import { countSightings, packFlow, packSightings } from '../flows/packedFlow.ts';
import type { Point } from '../flows/pointRegistry.ts';
import type { Carrier } from '../flows/tunnelRegistry.ts';
import type { FlowsMessage } from './source.ts';

type EndpointMessage = NonNullable<FlowsMessage['endpoints']>[number];
type PointMessage = NonNullable<FlowsMessage['points']>[number];
type AddressMessage = NonNullable<FlowsMessage['addresses']>[number];
type DropMessage = NonNullable<FlowsMessage['drops']>[number];
type TunnelMessage = NonNullable<FlowsMessage['tunnels']>[number];

/** Names kept in mind beyond those in use, before forgotten ones are sorted out. */
const SLACK = 4096;

/** Packs rows for one stream, with every name that the stream has not had yet. */
export class FlowEncoder {
  readonly #table: FlowTable;
  readonly #endpoints = new Set<number>();
  readonly #addresses = new Set<number>();
  readonly #tunnels = new Set<number>();
  /** Versions of points that the stream has. */
  readonly #points = new Map<number, number>();

  constructor(table: FlowTable) {
    this.#table = table;
  }

  /** @param rows of the table, each once */
  encode(rows: readonly number[]): FlowsMessage {
    this.#sortOut();
    const table = this.#table;
    const sightingCount = rows.reduce((sum, row) => sum + countSightings(table, row), 0);
    const flows = new Uint8Array(rows.length * FLOW_RECORD_BYTES);
    const sightings = new Uint8Array(sightingCount * SIGHTING_RECORD_BYTES);
    const [flowsView, sightingsView] = [viewOf(flows), viewOf(sightings)];
    const names = new NewNames();
    const ended: number[] = [];
    const drops: DropMessage[] = [];
    let at = 0;
    rows.forEach((row, index) => {
      const used = packFlow(table, row, flowsView, index * FLOW_RECORD_BYTES);
      for (const id of used.endpoints) this.#nameEndpoint(id, names);
      table.forEachKey(row, (key) => {
        this.#nameAddress(table.uint32(key, ROW.lowAddress), names);
        this.#nameAddress(table.uint32(key, ROW.highAddress), names);
      });
      for (const field of [ROW.lowCarrier, ROW.highCarrier]) {
        this.#nameTunnel(table.uint32(row, field), names);
      }
      at = packSightings(table, row, sightingsView, at, (id) => this.#namePoint(id, names));
      if (table.uint32(row, ROW.dropped) > 0) drops.push(...dropMessages(table, row, used.clientIsHigh));
      if (table.isEnded(row)) ended.push(table.idOf(row));
    });
    const { endpoints, points, addresses, tunnels } = names;
    return { flows, sightings, ended: uint32Bytes(ended), endpoints, points, addresses, tunnels, drops };
  }

  #nameEndpoint(id: number, names: NewNames): void {
    if (id === 0 || this.#endpoints.has(id)) return;
    const endpoint = this.#table.names.endpoints.get(id);
    if (endpoint === undefined) return;
    this.#endpoints.add(id);
    names.endpoints.push(endpointMessage(id, endpoint));
  }

  #nameAddress(id: number, names: NewNames): void {
    const address = this.#addresses.has(id) ? undefined : this.#table.names.addresses.get(id);
    if (address === undefined) return;
    this.#addresses.add(id);
    names.addresses.push({ id, address });
  }

  #nameTunnel(id: number, names: NewNames): void {
    const carrier = this.#tunnels.has(id) ? undefined : this.#table.names.carriers.get(id);
    if (carrier === undefined) return;
    this.#tunnels.add(id);
    names.tunnels.push(tunnelMessage(id, carrier));
  }

  #namePoint(id: number, names: NewNames): void {
    const point = this.#table.points.get(id);
    if (point === undefined || this.#points.get(id) === point.version) return;
    this.#points.set(id, point.version);
    names.points.push(pointMessage(point));
  }

  /** Ids are never given twice, so ids that nobody uses any more need not be remembered. */
  #sortOut(): void {
    const { endpoints, addresses, carriers } = this.#table.names;
    if (this.#endpoints.size > endpoints.size + SLACK) {
      for (const id of this.#endpoints) if (!endpoints.has(id)) this.#endpoints.delete(id);
    }
    if (this.#addresses.size > addresses.size + SLACK) {
      for (const id of this.#addresses) if (!addresses.has(id)) this.#addresses.delete(id);
    }
    if (this.#tunnels.size > carriers.size + SLACK) {
      for (const id of this.#tunnels) if (!carriers.has(id)) this.#tunnels.delete(id);
    }
  }
}

class NewNames {
  readonly endpoints: EndpointMessage[] = [];
  readonly points: PointMessage[] = [];
  readonly addresses: AddressMessage[] = [];
  readonly tunnels: TunnelMessage[] = [];
}

export function endpointMessage(id: number, endpoint: Endpoint): EndpointMessage {
  return {
    id,
    kind: endpoint.kind,
    namespace: endpoint.namespace ?? '',
    name: endpoint.name ?? '',
    uid: endpoint.uid ?? '',
    container: endpoint.container ?? '',
    workloadKind: endpoint.workload?.kind ?? '',
    workloadName: endpoint.workload?.name ?? '',
    node: endpoint.node ?? '',
    address: endpoint.address,
    names: [...endpoint.names],
    evidence: [...endpoint.evidence],
    candidates: [...endpoint.candidates],
  };
}

function pointMessage({ id, name, facts, inner }: Point): PointMessage {
  return {
    id,
    node: facts.node,
    netns: BigInt(facts.netnsInode),
    interface: facts.interface,
    ifindex: facts.ifindex,
    point: name,
    inner,
  };
}

function dropMessages(table: FlowTable, row: number, clientIsHigh: boolean): DropMessage[] {
  const flow = table.idOf(row);
  return dropsOf(table.drops, flow, clientIsHigh).map(
    ({ reason, packets, node, netns, point, ifindex, direction }) => ({
      ...{ flow, reason, packets, node, ifindex },
      netns: BigInt(netns),
      interface: point ?? '',
      sentByClient: direction === 'sent',
    }),
  );
}

function tunnelMessage(id: number, { tunnel, sourcePort, flow }: Carrier): TunnelMessage {
  const { kind, identifier, source, destination, destinationPort } = tunnel;
  return {
    id,
    kind,
    ...(identifier === null ? {} : { identifier }),
    source,
    sourcePort,
    destination,
    destinationPort,
    flow,
  };
}

/** Pairs of ids: what was absorbed, and into what. */
export function absorbedBytes(absorbed: readonly AbsorbedFlow[]): Uint8Array<ArrayBuffer> {
  return uint32Bytes(absorbed.flatMap(({ id, into }) => [id, into]));
}

/** uint32 little-endian, packed. */
export function uint32Bytes(values: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => view.setUint32(index * 4, value, true));
  return bytes;
}
