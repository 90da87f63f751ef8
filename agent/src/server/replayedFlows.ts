import { FLOW, FLOW_RECORD_BYTES, SIGHTING, SIGHTING_RECORD_BYTES } from '../../../src/model/flowRecord.ts';
import type { StreamFlowsResponse } from '../../../src/model/wire/generated/vethscope_pb.js';
import { viewOf } from '../collector/flowLayout.ts';
import { uint32Bytes } from './flowEncoder.ts';
import { endpointFilter } from './flowTarget.ts';
import type { FlowsMessage, FlowsTarget } from './source.ts';

/** Turns recorded messages into those of one reader: other flow ids in each round, times of now, wanted flows only. */
export class ReplayedFlows {
  readonly #wanted = new Set<number>();
  readonly #everything: boolean;
  /** Flow ids of one round fit under this. */
  readonly #idSpan: number;
  /** Flows of the round that have not ended in it, with that round's ids. */
  readonly #live = new Set<number>();
  #round = -1;
  #sequence = 0n;

  constructor(messages: readonly StreamFlowsResponse[], target: FlowsTarget) {
    const filter = endpointFilter(target);
    this.#everything = target.podUids.length === 0 && target.namespaces.length === 0;
    let highest = 0;
    for (const { endpoints, flows } of messages) {
      for (const { id, uid, namespace } of endpoints) if (filter({ uid, namespace })) this.#wanted.add(id);
      const view = viewOf(flows);
      for (let at = 0; at < flows.length; at += FLOW_RECORD_BYTES) {
        highest = Math.max(highest, view.getUint32(at + FLOW.id, true));
      }
    }
    this.#idSpan = highest + 1;
  }

  /** @param shift milliseconds to add to every time */
  message(recorded: StreamFlowsResponse, round: number, shift: number): FlowsMessage {
    const over = round === this.#round ? [] : [...this.#live];
    if (over.length > 0) this.#live.clear();
    this.#round = round;
    const offset = round * this.#idSpan;
    const kept = new Set<number>();
    const flows = this.#flows(recorded.flows, offset, shift, kept);
    const sightings = this.#sightings(recorded.sightings, offset, shift, kept);
    const ended = uint32List(recorded.ended).map((id) => id + offset);
    for (const id of kept) this.#live.add(id);
    const absorbed = uint32List(recorded.absorbed).map((id) => id + offset);
    for (const id of ended) this.#live.delete(id);
    for (let at = 0; at < absorbed.length; at += 2) this.#live.delete(absorbed[at] ?? 0);
    this.#sequence += 1n;
    return {
      sequence: this.#sequence,
      endpoints: recorded.endpoints,
      points: recorded.points,
      addresses: recorded.addresses,
      tunnels: recorded.tunnels.map((tunnel) => ({
        ...tunnel,
        flow: tunnel.flow === 0 ? 0 : tunnel.flow + offset,
      })),
      flows,
      sightings,
      drops: recorded.drops
        .map((drop) => ({ ...drop, flow: drop.flow + offset }))
        .filter(({ flow }) => kept.has(flow)),
      ended: uint32Bytes([...over, ...ended.filter((id) => kept.has(id))]),
      absorbed: uint32Bytes(absorbed),
    };
  }

  #flows(recorded: Uint8Array, offset: number, shift: number, kept: Set<number>): Uint8Array<ArrayBuffer> {
    const bytes = Uint8Array.from(recorded);
    const view = viewOf(bytes);
    let length = 0;
    for (let at = 0; at < recorded.length; at += FLOW_RECORD_BYTES) {
      const ends = [FLOW.client, FLOW.server].map((field) => view.getUint32(at + field, true));
      if (!this.#everything && !ends.some((id) => this.#wanted.has(id))) continue;
      bytes.copyWithin(length, at, at + FLOW_RECORD_BYTES);
      const id = view.getUint32(length + FLOW.id, true) + offset;
      view.setUint32(length + FLOW.id, id, true);
      kept.add(id);
      for (const field of [FLOW.start, FLOW.end]) addFloat64(view, length + field, shift);
      length += FLOW_RECORD_BYTES;
    }
    return bytes.slice(0, length);
  }

  #sightings(
    recorded: Uint8Array,
    offset: number,
    shift: number,
    kept: ReadonlySet<number>,
  ): Uint8Array<ArrayBuffer> {
    const bytes = Uint8Array.from(recorded);
    const view = viewOf(bytes);
    let length = 0;
    for (let at = 0; at < recorded.length; at += SIGHTING_RECORD_BYTES) {
      const id = view.getUint32(at + SIGHTING.flow, true) + offset;
      if (!kept.has(id)) continue;
      bytes.copyWithin(length, at, at + SIGHTING_RECORD_BYTES);
      view.setUint32(length + SIGHTING.flow, id, true);
      for (const field of [SIGHTING.first, SIGHTING.last]) addFloat64(view, length + field, shift);
      length += SIGHTING_RECORD_BYTES;
    }
    return bytes.slice(0, length);
  }
}

function addFloat64(view: DataView, at: number, value: number): void {
  view.setFloat64(at, view.getFloat64(at, true) + value, true);
}

function uint32List(bytes: Uint8Array): number[] {
  const view = viewOf(bytes);
  return Array.from({ length: bytes.length / 4 }, (_, index) => view.getUint32(index * 4, true));
}
