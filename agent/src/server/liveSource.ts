import { randomUUID } from 'node:crypto';
import { release } from 'node:os';
import type { PacketFilter } from '../../native/index.d.ts';
import type { InventoryObject } from '../../../src/model/inventory.ts';
import type { Ledger } from '../../../src/model/ledger.ts';
import type { SocketEntry, Topology } from '../../../src/model/topology.ts';
import type { FlowTable } from '../flows/flowTable.ts';
import type { InventoryStore } from '../identity/inventoryStore.ts';
import { releaseBytes } from '../releaseBytes.ts';
import type { DnsHistory } from '../dns/dnsHistory.ts';
import type { OpenCapture } from './captures.ts';
import { Captures } from './captures.ts';
import { readDns } from './dnsReader.ts';
import { FlowReader } from './flowReader.ts';
import { Gate } from './gate.ts';
import { WantedPackets } from './wantedPackets.ts';
import type {
  CaptureMessage,
  CaptureQuestion,
  Check,
  DnsRequest,
  DnsResponse,
  FlowsMessage,
  FlowsRequest,
  Introduction,
  Source,
} from './source.ts';

/** How long ended flows are kept for a reader that comes back, milliseconds. */
const HISTORY = 30_000;

/** The running observation, as far as serving needs it. */
export interface ObservedNode {
  readonly table: FlowTable;
  readonly inventory: InventoryStore;
  readonly topology: Topology;
  /** `interval` in milliseconds. */
  readonly options: { readonly node: string; readonly interval: number };
  readonly dns: DnsHistory;
  /** Counts only packets that match; null counts all. */
  setFilter(filter: PacketFilter | null): void;
  sockets(netns: number): Promise<readonly SocketEntry[] | null>;
  readonly openCapture: OpenCapture;
  /** Calls back after every interval. */
  onTick(listener: () => void): { close(): void };
  onTopology(listener: () => void): { close(): void };
  ledger(readers: { queueDropped: number; streamGap: number }): Ledger;
}

/** Serves a running observation. */
export class LiveSource implements Source {
  readonly #observation: ObservedNode;
  readonly #checks: readonly Check[];
  readonly #session = randomUUID();
  readonly #readers = new Set<FlowReader>();
  readonly #targets: WantedPackets;
  readonly #captures: Captures;
  /** Of readers that have gone. */
  #queueDropped = 0;
  #streamGap = 0;

  constructor(observation: ObservedNode, checks: readonly Check[]) {
    this.#observation = observation;
    this.#checks = checks;
    this.#targets = new WantedPackets(observation);
    this.#captures = new Captures((wanted, sink) => observation.openCapture(wanted, sink));
    observation.onTopology(() => this.#targets.apply());
    observation.onTick(() => this.#forget());
  }

  introduce(): Introduction {
    return {
      node: this.#observation.options.node,
      kernel: release(),
      session: this.#session,
      checks: this.#checks,
    };
  }

  pushInventory(change: {
    reset: boolean;
    upserts: readonly InventoryObject[];
    deletedUids: readonly string[];
  }): number {
    this.#observation.inventory.update(change, Date.now());
    this.#targets.apply();
    return this.#observation.inventory.size;
  }

  async *flows(request: FlowsRequest, signal: AbortSignal): AsyncIterable<FlowsMessage> {
    const { table, options } = this.#observation;
    const wanted = this.#targets.add(request.target);
    const reader = new FlowReader(table, request);
    const interval = Math.max(options.interval, request.interval);
    this.#readers.add(reader);
    this.#streamGap += reader.gap;
    const due = new Gate();
    let last = Date.now();
    const ticks = this.#observation.onTick(() => {
      // Half an interval of slack, or a tick that comes a little early would be left out.
      if (Date.now() - last < interval - options.interval / 2) return;
      last = Date.now();
      reader.note();
      due.open();
    });
    try {
      // Sent at once, so that the reader knows the stream is open before anything was seen.
      yield { sequence: BigInt(reader.cursor) };
      while (!signal.aborted) {
        for (const message of reader.round()) {
          yield message;
          // Serialized by now.
          if (message.flows !== undefined) releaseBytes(message.flows);
          if (message.sightings !== undefined) releaseBytes(message.sightings);
        }
        await due.pass(signal);
      }
    } finally {
      ticks.close();
      wanted.close();
      this.#readers.delete(reader);
      this.#queueDropped += reader.skipped;
    }
  }

  async *dns(request: DnsRequest, signal: AbortSignal): AsyncIterable<DnsResponse> {
    const wanted = this.#targets.add(request.target);
    const changed = new Gate();
    const ticks = this.#observation.onTick(() => changed.open());
    try {
      yield* readDns(this.#observation.dns, request, changed, signal);
    } finally {
      ticks.close();
      wanted.close();
    }
  }

  async *topologies(signal: AbortSignal): AsyncIterable<Topology> {
    const changed = new Gate();
    const listener = this.#observation.onTopology(() => changed.open());
    try {
      while (!signal.aborted) {
        yield this.#observation.topology;
        await changed.pass(signal);
      }
    } finally {
      listener.close();
    }
  }

  sockets(netns: number): Promise<readonly SocketEntry[] | null> {
    return this.#observation.sockets(netns);
  }

  capture(question: CaptureQuestion, signal: AbortSignal): AsyncIterable<CaptureMessage> {
    return this.#captures.stream(question, signal);
  }

  endCapture(id: string): void {
    this.#captures.end(id);
  }

  ledger(): Ledger {
    const readers = [...this.#readers].reduce((sum, reader) => sum + reader.skipped, 0);
    return this.#observation.ledger({
      queueDropped: this.#queueDropped + readers,
      streamGap: this.#streamGap,
    });
  }

  /** Ended flows stay until every reader has them, and a while longer for one that comes back. */
  #forget(): void {
    const { table, options } = this.#observation;
    const history = table.sequence - Math.ceil(HISTORY / options.interval);
    table.forgetEnded(Math.min(history, ...[...this.#readers].map(({ cursor }) => cursor)));
  }
}
