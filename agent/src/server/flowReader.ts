import type { FlowTable } from '../flows/flowTable.ts';
import { NONE, ROW } from '../flows/flowRow.ts';
import { absorbedBytes, FlowEncoder } from './flowEncoder.ts';
import { endpointFilter } from './flowTarget.ts';
import type { FlowsMessage, FlowsRequest } from './source.ts';

/** Rows that go into one message. */
const BATCH = 512;

/**
 * One reader of the flow table. It holds no rows, only the sequence up to which it has read: when it lags, it gets
 * each changed flow once, with the totals of that moment, and the count of the updates it missed.
 */
export class FlowReader {
  readonly #table: FlowTable;
  readonly #encoder: FlowEncoder;
  readonly #request: FlowsRequest;
  readonly #wanted: (row: number) => boolean;
  /** Everything up to here was sent. */
  #cursor: number;
  /** Everything up to here was looked at for `#updates`. */
  #noted: number;
  /** Updates of wanted flows since the last round began. */
  #updates = 0;
  /** Missed while there was no connection. */
  #gap: number;
  #skipped = 0;

  constructor(table: FlowTable, request: FlowsRequest) {
    this.#table = table;
    this.#encoder = new FlowEncoder(table);
    this.#request = request;
    const filter = endpointFilter(request.target);
    this.#wanted = (row) =>
      this.#endMatches(row, ROW.lowEndpoint, filter) || this.#endMatches(row, ROW.highEndpoint, filter);
    const resumes = request.afterSequence > 0 && request.afterSequence <= table.sequence;
    this.#cursor = resumes ? request.afterSequence : 0;
    this.#gap = resumes ? table.endedForgottenSince(this.#cursor) : 0;
    this.#noted = table.sequence;
  }

  get cursor(): number {
    return this.#cursor;
  }

  /** Updates that this reader missed so far. */
  get skipped(): number {
    return this.#skipped;
  }

  get gap(): number {
    return this.#gap;
  }

  /** Counts what changed since it was last called, while a round may still be on its way. */
  note(): void {
    for (const row of this.#table.changedSince(this.#noted)) if (this.#wanted(row)) this.#updates += 1;
    this.#noted = this.#table.sequence;
  }

  /** Messages that bring the reader up to now; none of them when nothing changed. */
  *round(): Generator<FlowsMessage> {
    const table = this.#table;
    const sequence = table.sequence;
    const { rows, ids } = this.#changed();
    let absorbed = table.absorbed.since(this.#cursor);
    let skippedUpdates = Math.max(0, this.#updates - rows.length) + this.#gap;
    this.#skipped += skippedUpdates - this.#gap;
    this.#gap = 0;
    this.#updates = 0;
    this.#noted = sequence;
    for (let first = 0; first < rows.length; first += BATCH) {
      const batch: number[] = [];
      for (let index = first; index < Math.min(first + BATCH, rows.length); index += 1) {
        const row = rows[index] ?? NONE;
        // While the reader was slow, the row may have been given to another flow.
        if (table.idOf(row) === ids[index]) batch.push(row);
      }
      const last = first + BATCH >= rows.length;
      yield {
        ...this.#encoder.encode(batch),
        sequence: BigInt(last ? sequence : this.#cursor),
        skippedUpdates: BigInt(skippedUpdates),
        absorbed: absorbedBytes(absorbed),
      };
      skippedUpdates = 0;
      absorbed = [];
    }
    // The flow that took it over may have ended and been forgotten for want of room.
    if (absorbed.length > 0) yield { sequence: BigInt(sequence), absorbed: absorbedBytes(absorbed) };
    this.#cursor = sequence;
  }

  /** Wanted rows that changed after the cursor, oldest change first, as of now. */
  #changed(): { rows: Uint32Array; ids: Uint32Array } {
    const found: number[] = [];
    for (const row of this.#table.changedSince(this.#cursor)) if (this.#wanted(row)) found.push(row);
    const rows = Uint32Array.from(found.reverse());
    return { rows, ids: rows.map((row) => this.#table.idOf(row)) };
  }

  #endMatches(row: number, field: number, filter: ReturnType<typeof endpointFilter>): boolean {
    const { podUids, namespaces } = this.#request.target;
    if (podUids.length === 0 && namespaces.length === 0) return true;
    const endpoint = this.#table.names.endpoints.get(this.#table.uint32(row, field));
    return endpoint !== undefined && filter(endpoint);
  }
}
