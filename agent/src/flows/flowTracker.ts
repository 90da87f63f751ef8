import { VERDICTS } from '../../../src/model/flowRecord.ts';
import { forEachEvent } from '../collector/eventQueue.ts';
import { EVENT, EVENT_KIND, KEY, viewOf } from '../collector/flowLayout.ts';
import type { ConntrackBatch } from '../nat/conntrackFeed.ts';
import { CONNTRACK_BYTES } from '../nat/conntrackLayout.ts';
import { ROW } from './flowRow.ts';
import { protocolOf, refreshRow, summarize } from './flowSummary.ts';
import type { DropIntake } from './dropIntake.ts';
import type { FlowTable } from './flowTable.ts';
import type { RecordIntake, WallTime } from './recordIntake.ts';
import type { Initiators } from './initiators.ts';
import type { RowIdentity } from './rowIdentity.ts';
import type { TranslationIntake } from './translationIntake.ts';
import type { TunnelLinks } from './tunnelLinks.ts';
import { idleTimeout, SHORTEST_TIMEOUT } from './timeouts.ts';
import { ANSWER_TIME } from './verdict.ts';

/** What one interval brought. */
export interface Harvest {
  /** Packed `struct flow_record`s. */
  readonly records: Uint8Array;
  readonly count: number;
  /** `struct event`s with their data. */
  readonly events: readonly Uint8Array[];
  /** What NAT translates, as far as it became known since the interval before. */
  readonly connections: readonly ConntrackBatch[];
  /** Offsets of records whose flows were asked for and are not translated. */
  readonly untranslated: readonly number[];
  /** Whether who is who may have changed: inventory or topology. */
  readonly identityChanged: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly wallTime: WallTime;
}

const EXPIRY_INTERVAL = 2000;
const UNKNOWN = VERDICTS.indexOf('unknown');

/** Moves the flow table on, one interval at a time. */
export class FlowTracker {
  readonly #table: FlowTable;
  readonly #intake: RecordIntake;
  readonly #identity: RowIdentity;
  readonly #drops: DropIntake;
  readonly #tunnels: TunnelLinks;
  readonly #translations: TranslationIntake;
  readonly #initiators: Initiators;
  /** Rows that opened and wait for an answer. */
  readonly #waiting = new Set<number>();
  #lastExpiry = 0;

  constructor(
    table: FlowTable,
    intake: RecordIntake,
    identity: RowIdentity,
    drops: DropIntake,
    tunnels: TunnelLinks,
    translations: TranslationIntake,
    initiators: Initiators,
  ) {
    this.#table = table;
    this.#intake = intake;
    this.#identity = identity;
    this.#drops = drops;
    this.#tunnels = tunnels;
    this.#translations = translations;
    this.#initiators = initiators;
  }

  /** Takes an interval in. Everything that changed carries the table's new sequence. */
  tick(harvest: Harvest): void {
    const before = this.#table.sequence;
    this.#table.nextSequence();
    this.#initiators.take();
    this.#translations.take(harvest.connections, harvest.now);
    this.#translations.takeUntranslated(viewOf(harvest.records), harvest.untranslated, harvest.now);
    this.#takeDroppedConnections(harvest);
    this.#intake.addRecords(harvest.records, harvest.count, harvest.wallTime);
    forEachEvent(harvest.events, (view, offset, kind) => {
      if (kind === EVENT_KIND.icmpError) this.#intake.addIcmpError(view, offset);
      if (kind === EVENT_KIND.drop) this.#drops.add(view, offset, harvest.wallTime);
    });
    this.#identity.nameWaiting(harvest.now);
    this.#touchOverdue(harvest.now);
    if (harvest.identityChanged) this.#identifyAgain();
    this.#identity.stampPending(harvest.now);
    if (harvest.now - this.#lastExpiry >= EXPIRY_INTERVAL) {
      this.#lastExpiry = harvest.now;
      this.#endIdle(harvest.now);
    }
    for (const row of this.#table.changedSince(before)) {
      refreshRow(this.#table, row, harvest.now);
      this.#tunnels.link(row);
      this.#initiators.note(row);
      if (this.#waits(row)) this.#waiting.add(row);
    }
    this.#initiators.send();
  }

  /** Ends all flows; their figures are then final. @param now milliseconds since the epoch */
  endAll(now: number): void {
    this.#table.nextSequence();
    this.#table.forEachLive((row) => {
      this.#table.end(row);
      refreshRow(this.#table, row, now);
    });
    this.#waiting.clear();
  }

  /** Before their packets are added, so that these find one flow. */
  #takeDroppedConnections({ events, now }: Harvest): void {
    forEachEvent(events, (view, offset, kind) => {
      if (kind !== EVENT_KIND.drop || view.getUint32(offset + EVENT.captured, true) < CONNTRACK_BYTES) return;
      const netns = view.getUint32(offset + EVENT.key + KEY.netns, true);
      this.#translations.takeDropped(view, offset + EVENT.data, netns, now);
    });
  }

  #waits(row: number): boolean {
    const unknown = this.#table.uint8(row, ROW.verdict) === UNKNOWN;
    return unknown && this.#table.uint8(row, ROW.opened) !== 0 && this.#table.isLive(row);
  }

  /** Rows whose verdict turns by time alone. */
  #touchOverdue(now: number): void {
    const kept = this.#table.keepTime(now);
    for (const row of this.#waiting) {
      const waits = this.#waits(row);
      const overdue = kept - this.#table.uint32(row, ROW.start) > ANSWER_TIME;
      if (waits && overdue) this.#table.touch(row);
      if (!waits || overdue) this.#waiting.delete(row);
    }
  }

  #identifyAgain(): void {
    const table = this.#table;
    table.forEachLive((row) => {
      const start = table.uint32(row, ROW.start);
      // A row of this very interval was identified with what is known now; its start is not written yet.
      if (start !== 0) this.#identity.stampAgain(row, table.epoch + start);
    });
  }

  #endIdle(now: number): void {
    const table = this.#table;
    const kept = table.keepTime(now);
    table.forEachLive((row) => {
      const silent = kept - table.uint32(row, ROW.end);
      if (silent < SHORTEST_TIMEOUT || table.changedAt(row) === table.sequence) return;
      const { sent, received } = summarize(table, row);
      const answered = sent.packets > 0 && received.packets > 0;
      if (silent >= idleTimeout(protocolOf(table, row), sent.tcpFlags, received.tcpFlags, answered)) {
        table.end(row);
      }
    });
  }
}
