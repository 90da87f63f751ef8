import { endpointLabel, endpointText, unknownEndpoint } from '../model/endpoint.ts';
import type { Traffic } from '../model/flow.ts';
import { FLOW, PROTOCOLS, VERDICTS } from '../model/flowRecord.ts';
import type { InterfaceTraffic, SeenEnd, SeenFlow } from '../model/interfaceView/interfaceTraffic.ts';
import { NodeEnds } from '../model/interfaceView/nodeEnds.ts';
import type { CountedKind } from '../model/interfaceView/traffic.ts';
import { COUNTED_KINDS } from '../model/interfaceView/traffic.ts';
import type { KindCount } from '../model/interfaceView/trafficCounts.ts';
import { NOTHING_COUNTED, TrafficSum } from '../model/interfaceView/trafficCounts.ts';
import type { Conversation } from '../model/interfaceView/trafficKind.ts';
import { trafficKind } from '../model/interfaceView/trafficKind.ts';
import type { FlowReference } from '../model/panelMessages.ts';
import type { Topology } from '../model/topology.ts';
import { keyOf } from './agentKey.ts';
import type { FlowPicture } from './flowPicture.ts';
import { SLOT } from './flowPicture.ts';
import type { FlowStore } from './flowStore.ts';
import type { InterfacePlace } from './interfaceSightings.ts';

const NONE: Traffic = { packets: 0, bytes: 0 };
/** Flows in the list. */
const MOST_FLOWS = 12;
/** Of a flow's place in the list so much is what it was a reading before: the list would jump otherwise. */
const INERTIA = 0.7;

/** What a flow was seen at the interface. */
interface SeenRow {
  readonly row: number;
  readonly flow: FlowReference;
  readonly kinds: Map<CountedKind, KindCount>;
  readonly rate: Traffic;
  readonly liveliness: number;
}

export type CountedTraffic = Omit<InterfaceTraffic, 'only' | 'since'>;

/** Counts by kind of traffic what passes one interface, reading by reading. */
export class InterfaceCounter {
  readonly #store: FlowStore;
  readonly #at: InterfacePlace;
  #ends: { readonly topology: Topology; readonly of: NodeEnds } | null = null;
  #before: { readonly time: number; readonly rows: ReadonlyMap<number, SeenRow> } | null = null;

  constructor(store: FlowStore, at: InterfacePlace) {
    this.#store = store;
    this.#at = at;
  }

  /** @param now milliseconds, forward only */
  read(topology: Topology, now: number): CountedTraffic {
    const picture = this.#store.picture(now);
    const rows = this.#rows(topology, picture);
    const seconds = this.#before === null ? 0 : (now - this.#before.time) / 1000;
    const growths = new Map<CountedKind, Traffic>();
    const measured = new Map<number, SeenRow>();
    for (const [key, row] of rows) measured.set(key, this.#measured(row, key, seconds, growths));
    this.#before = { time: now, rows: measured };
    const sum = new TrafficSum();
    for (const { kinds } of measured.values()) {
      for (const [kind, count] of kinds) {
        sum.add(kind, false, count);
        sum.add(kind, true, count.inner);
      }
    }
    return {
      counts: sum.counts,
      rates: seconds > 0 ? ratesOf(growths, seconds) : null,
      departed: this.#departed(),
      flows: busiest([...measured.values()]).map((row) => this.#seenFlow(row, picture)),
      flowCount: measured.size,
    };
  }

  #rows(topology: Topology, picture: FlowPicture): Map<number, SeenRow> {
    const ends = this.#endsOf(topology);
    const conversations = new Map<number, Conversation>();
    const rows = new Map<number, SeenRow>();
    const { records } = picture;
    this.#store.forEachSightingAt(this.#at, (row, { tuple, inner, packets, bytes }) => {
      let conversation = conversations.get(row);
      if (conversation === undefined) {
        conversation = this.#conversation(row, picture);
        conversations.set(row, conversation);
      }
      const kind = trafficKind(conversation, tuple, ends);
      const flow = { agent: records.uint32(row, FLOW.agent), flow: records.uint32(row, FLOW.id) };
      const key = keyOf(flow.agent, flow.flow);
      const seen = rows.get(key) ?? {
        row,
        flow,
        kinds: new Map<CountedKind, KindCount>(),
        rate: NONE,
        liveliness: 0,
      };
      rows.set(key, seen);
      seen.kinds.set(kind, added(seen.kinds.get(kind) ?? NOTHING_COUNTED, inner, { packets, bytes }));
    });
    return rows;
  }

  #endsOf(topology: Topology): NodeEnds {
    if (this.#ends?.topology !== topology) this.#ends = { topology, of: new NodeEnds(topology) };
    return this.#ends.of;
  }

  #conversation(row: number, { records }: FlowPicture): Conversation {
    const { endpoints, recordNames } = this.#store;
    const end = (field: number, port: number): Conversation['client'] => ({
      ...(endpoints.endpoint(records.uint32(row, field)) ?? unknownEndpoint('?')),
      port: records.uint16(row, port),
    });
    const translated = (field: number, port: number): Conversation['asked'] => {
      const id = records.uint32(row, field);
      return id === 0 ? null : { address: recordNames.address(id), port: records.uint16(row, port) };
    };
    return {
      protocol: PROTOCOLS[records.uint8(row, FLOW.protocol)] ?? 'other',
      client: end(FLOW.client, FLOW.clientPort),
      server: end(FLOW.server, FLOW.serverPort),
      asked: translated(FLOW.askedAddress, FLOW.askedPort),
      translated: translated(FLOW.translatedAddress, FLOW.translatedPort),
    };
  }

  /** With its rate; adds what it grew by to its kinds. What is taken for another kind now did not pass now. */
  #measured(row: SeenRow, key: number, seconds: number, growths: Map<CountedKind, Traffic>): SeenRow {
    if (seconds === 0) return row;
    const before = this.#before?.rows.get(key);
    const grown = growth(whole(row.kinds), before === undefined ? NONE : whole(before.kinds));
    let left = grown;
    for (const [kind, count] of row.kinds) {
      const of = atMost(growth(total(count), total(before?.kinds.get(kind) ?? NOTHING_COUNTED)), left);
      left = growth(left, of);
      growths.set(kind, plus(growths.get(kind) ?? NONE, of));
    }
    const rate = { packets: grown.packets / seconds, bytes: grown.bytes / seconds };
    const liveliness = (before?.liveliness ?? 0) * INERTIA + rate.bytes * (1 - INERTIA);
    return { ...row, rate, liveliness };
  }

  #departed(): KindCount {
    return this.#store
      .departedAt(this.#at)
      .reduce((sum, { inner, ...traffic }) => added(sum, inner, traffic), NOTHING_COUNTED);
  }

  #seenFlow({ row, flow, kinds, rate }: SeenRow, { records, states }: FlowPicture): SeenFlow {
    const { endpoints } = this.#store;
    const end = (field: number, port: number): SeenEnd => {
      const endpoint = endpoints.endpoint(records.uint32(row, field)) ?? unknownEndpoint('?');
      return { ...endpointLabel(endpoint), kind: endpoint.kind, port: records.uint16(row, port) };
    };
    const service = endpoints.endpoint(records.uint32(row, FLOW.service));
    return {
      flow,
      client: end(FLOW.client, FLOW.clientPort),
      server: end(FLOW.server, FLOW.serverPort),
      service: service === null ? null : endpointText(service),
      protocol: PROTOCOLS[records.uint8(row, FLOW.protocol)] ?? 'other',
      verdict: VERDICTS[records.uint8(row, FLOW.verdict)] ?? 'unknown',
      ended: states[row] === SLOT.ended,
      kinds: COUNTED_KINDS.filter((kind) => kinds.has(kind)),
      counted: [...kinds.values()].reduce(
        (sum, { inner, ...plain }) => added(added(sum, false, plain), true, inner),
        NOTHING_COUNTED,
      ),
      rate,
    };
  }
}

/** Those that move, then those that moved most. */
function busiest(rows: readonly SeenRow[]): SeenRow[] {
  const bytes = new Map(rows.map((row) => [row, whole(row.kinds).bytes]));
  return [...rows]
    .sort(
      (a, b) =>
        b.liveliness - a.liveliness || (bytes.get(b) ?? 0) - (bytes.get(a) ?? 0) || a.flow.flow - b.flow.flow,
    )
    .slice(0, MOST_FLOWS);
}

function ratesOf(growths: ReadonlyMap<CountedKind, Traffic>, seconds: number): Record<CountedKind, Traffic> {
  const entries = COUNTED_KINDS.map((kind) => {
    const { packets, bytes } = growths.get(kind) ?? NONE;
    return [kind, { packets: packets / seconds, bytes: bytes / seconds }] as const;
  });
  return Object.fromEntries(entries) as Record<CountedKind, Traffic>;
}

function added(to: KindCount, isInner: boolean, more: Traffic): KindCount {
  return isInner ? { ...to, inner: plus(to.inner, more) } : { ...plus(to, more), inner: to.inner };
}

const plus = (a: Traffic, b: Traffic): Traffic => ({
  packets: a.packets + b.packets,
  bytes: a.bytes + b.bytes,
});
const growth = (now: Traffic, before: Traffic): Traffic => ({
  packets: Math.max(0, now.packets - before.packets),
  bytes: Math.max(0, now.bytes - before.bytes),
});
const atMost = (a: Traffic, limit: Traffic): Traffic => ({
  packets: Math.min(a.packets, limit.packets),
  bytes: Math.min(a.bytes, limit.bytes),
});
const total = ({ packets, bytes, inner }: KindCount): Traffic => plus({ packets, bytes }, inner);

function whole(kinds: ReadonlyMap<CountedKind, KindCount>): Traffic {
  let sum = NONE;
  for (const count of kinds.values()) sum = plus(sum, total(count));
  return sum;
}
