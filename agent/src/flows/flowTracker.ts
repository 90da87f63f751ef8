import { PROTOCOLS, VERDICTS } from '../../../src/model/flowRecord.ts';
import type { FlowTable } from './flowTable.ts';
import { NONE, ROW, ROW_BYTES } from './flowRow.ts';
import { idleTimeout } from './timeouts.ts';
import { ANSWER_TIME } from './verdict.ts';

/** What one interval brought. */
export interface Harvest {
  /** Packed `struct flow_record`s. */
  readonly records: Uint8Array;
  readonly count: number;
  /** Packed `struct flow_event`s. */
  readonly events: readonly Uint8Array[];
  /** Whether who is who may have changed: inventory or topology. */
  readonly identityChanged: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** CLOCK_MONOTONIC nanoseconds to milliseconds since the epoch. */
  wallTime(nanoseconds: number): number;
}

const EXPIRY_INTERVAL = 2000;
const UNKNOWN = VERDICTS.indexOf('unknown');

/** Moves the flow table on, one interval at a time. */
export class FlowTracker {
  readonly table: FlowTable;
  /** Rows that opened and wait for an answer. */
  readonly #waiting = new Set<number>();
  #lastExpiry = 0;

  constructor(table: FlowTable) {
    this.table = table;
  }

  /** Takes an interval in. Everything that changed carries the table's new sequence. @returns how many rows changed */
  tick(harvest: Harvest): number {
    const { table } = this;
    table.nextSequence();
    table.ingest(harvest.records, harvest.count, (nanoseconds) => harvest.wallTime(nanoseconds));
    for (const events of harvest.events) table.ingestEvents(events);
    this.#touchOverdue(harvest.now);
    if (harvest.identityChanged) this.#identifyAgain();
    if (harvest.now - this.#lastExpiry >= EXPIRY_INTERVAL) {
      this.#lastExpiry = harvest.now;
      this.#endIdle(harvest.now);
    }
    const changed = table.refresh(harvest.now);
    this.#noteWaiting();
    return changed;
  }

  /** Ends all flows; their records are then final. */
  endAll(now: number): void {
    this.table.nextSequence();
    this.table.forEachLive((row) => this.table.end(row));
    this.table.refresh(now);
    this.#waiting.clear();
  }

  /** Rows whose verdict turns by time alone. */
  #touchOverdue(now: number): void {
    const { table } = this;
    for (const row of this.#waiting) {
      const base = row * ROW_BYTES;
      const answered = table.rows.getUint8(base + ROW.verdict) !== UNKNOWN;
      if (!table.isLive(row) || answered) this.#waiting.delete(row);
      else if (now - table.rows.getFloat64(base + ROW.start, true) > ANSWER_TIME) {
        table.touch(row);
        this.#waiting.delete(row);
      }
    }
  }

  #noteWaiting(): void {
    const { table } = this;
    for (let row = table.changes.newest; row !== NONE; row = table.older(row)) {
      if (table.changedAt(row) < table.sequence) break;
      const base = row * ROW_BYTES;
      const opened = table.rows.getUint8(base + ROW.opened) !== 0;
      const unknown = table.rows.getUint8(base + ROW.verdict) === UNKNOWN;
      if (opened && unknown && table.isLive(row)) this.#waiting.add(row);
    }
  }

  #identifyAgain(): void {
    this.table.forEachLive((row) => {
      const start = this.table.rows.getFloat64(row * ROW_BYTES + ROW.start, true);
      // A row of this very interval was identified with what is known now; its start is not written yet.
      if (start !== 0) this.table.identifyAgain(row, start);
    });
  }

  #endIdle(now: number): void {
    const { table } = this;
    const { rows } = table;
    table.forEachLive((row) => {
      const base = row * ROW_BYTES;
      const silent = now - rows.getFloat64(base + ROW.end, true);
      if (silent < 10_000 || rows.getFloat64(base + ROW.end, true) === 0) return;
      if (table.changedAt(row) === table.sequence) return;
      const limit = idleTimeout(
        PROTOCOLS[rows.getUint8(base + ROW.protocol)] ?? 'other',
        rows.getUint16(base + ROW.clientTcpFlags, true),
        rows.getUint16(base + ROW.serverTcpFlags, true),
        rows.getFloat64(base + ROW.receivedPackets, true) > 0,
      );
      if (silent >= limit) table.end(row);
    });
  }
}

