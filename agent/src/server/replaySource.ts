import { randomUUID } from 'node:crypto';
import { EMPTY_LEDGER } from '../../../src/model/ledger.ts';
import type { Ledger } from '../../../src/model/ledger.ts';
import type { Topology } from '../../../src/model/topology.ts';
import { Failure } from '../failure.ts';
import { Gate } from './gate.ts';
import { pause } from './pause.ts';
import type { RecordedEntry, Recording } from './recording.ts';
import { ReplayedFlows } from './replayedFlows.ts';
import type { DnsResponse, FlowsMessage, FlowsRequest, Introduction, Source } from './source.ts';

type Kind = 'flows' | 'topology' | 'ledger';
type Entry<K extends Kind> = Extract<RecordedEntry, Readonly<Record<K, unknown>>>;

/** A pause between the last entry and the next round, milliseconds. */
const BETWEEN_ROUNDS = 1000;

/** Serves a recorded session over and over, with its times moved to now. Needs neither addon nor root. */
export class ReplaySource implements Source {
  readonly #recording: Recording;
  readonly #started = Date.now();
  readonly #session = randomUUID();
  readonly #length: number;

  constructor(recording: Recording) {
    this.#recording = recording;
    this.#length = Math.max(0, ...recording.entries.map(({ at }) => at)) + BETWEEN_ROUNDS;
  }

  introduce(): Introduction {
    const { node, kernel } = this.#recording.header;
    return { node, kernel, session: this.#session, checks: [] };
  }

  /** Names were stamped when the session was recorded; what is pushed now changes nothing. */
  pushInventory({ upserts }: { upserts: readonly unknown[] }): number {
    return upserts.length;
  }

  async *flows(request: FlowsRequest, signal: AbortSignal): AsyncIterable<FlowsMessage> {
    const flows = new ReplayedFlows(
      this.#entries('flows').map((entry) => entry.flows),
      request.target,
    );
    yield { sequence: 0n };
    for await (const { entry, round } of this.#play('flows', signal)) {
      const shift = this.#started + round * this.#length - this.#recording.header.started;
      yield flows.message(entry.flows, round, shift);
    }
  }

  async *topologies(signal: AbortSignal): AsyncIterable<Topology> {
    for await (const { entry } of this.#play('topology', signal)) yield entry.topology;
  }

  /** Exchanges are not recorded. */
  async *dns(_request: unknown, signal: AbortSignal): AsyncIterable<DnsResponse> {
    yield { sequence: 0n };
    await new Gate().pass(signal);
  }

  sockets(): Promise<never> {
    const next = 'Observe a node that runs to see what sockets its pods have.';
    return Promise.reject(new Failure('A recorded session has no sockets.', next));
  }

  capture(): never {
    const next = 'Observe a node that runs to capture what passes there.';
    throw new Failure('A recorded session has no packets.', next);
  }

  endCapture(): void {
    // There is none.
  }

  ledger(): Ledger {
    const at = (Date.now() - this.#started) % this.#length;
    const entries = this.#entries('ledger');
    return (entries.findLast((entry) => entry.at <= at) ?? entries[0])?.ledger ?? EMPTY_LEDGER;
  }

  #entries<K extends Kind>(kind: K): Entry<K>[] {
    return this.#recording.entries.filter((entry): entry is Entry<K> => kind in entry);
  }

  /** Entries of one kind at their times: what lies before now in the running round comes at once. */
  async *#play<K extends Kind>(
    kind: K,
    signal: AbortSignal,
  ): AsyncIterable<{ entry: Entry<K>; round: number }> {
    const entries = this.#entries(kind);
    for (let round = Math.floor((Date.now() - this.#started) / this.#length); ; round += 1) {
      for (const entry of entries) {
        await pause(this.#started + round * this.#length + entry.at - Date.now(), signal);
        if (signal.aborted) return;
        yield { entry, round };
      }
      await pause(this.#started + (round + 1) * this.#length - Date.now(), signal);
      if (signal.aborted) return;
    }
  }
}
