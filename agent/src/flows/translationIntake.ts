import { viewOf } from '../collector/flowLayout.ts';
import type { ConntrackBatch } from '../nat/conntrackFeed.ts';
import { CONNTRACK, CONNTRACK_BYTES, CONNTRACK_KIND } from '../nat/conntrackLayout.ts';
import type { TranslationTable } from '../nat/translationTable.ts';
import { NO_TRANSLATION } from '../nat/translationTable.ts';
import type { FlowJoin } from './flowJoin.ts';

/** Takes in what conntrack tells of translated connections, and joins what was counted before that was known. */
export class TranslationIntake {
  readonly #translations: TranslationTable;
  readonly #join: FlowJoin;
  /** Indices of namespaces that are listed now and then: only what is there can be found to be gone. */
  readonly #followed = new Set<number>();

  constructor(translations: TranslationTable, join: FlowJoin) {
    this.#translations = translations;
    this.#join = join;
  }

  /** @param now milliseconds since the epoch */
  take(batches: readonly ConntrackBatch[], now: number): void {
    this.#join.now = now;
    for (const batch of batches) {
      if (batch.by === 'conntrack') this.#followed.add(batch.netns);
      if (batch.isWhole) this.#translations.beginListing();
      const view = viewOf(batch.records);
      for (let record = 0; record < view.byteLength; record += CONNTRACK_BYTES) {
        this.#takeRecord(view, record, batch, now);
      }
      if (batch.isWhole) this.#translations.sweep(batch.netns, now);
    }
  }

  /**
   * The connection that a dropped packet would have begun (bpf/drops.h): it is never confirmed, so nothing else tells of it.
   * @param record offset of its record @param netns index of its namespace @param now milliseconds since the epoch
   */
  takeDropped(view: DataView, record: number, netns: number, now: number): void {
    if (!this.#followed.has(netns)) return;
    this.#join.now = now;
    const translation = this.#translations.addUnconfirmed(view, record, netns);
    if (translation !== NO_TRANSLATION) this.#join.learn(translation, 0);
  }

  /** Flows that were asked for, and that nothing translates (any more). @param keys where their keys begin */
  takeUntranslated(view: DataView, keys: readonly number[], now: number): void {
    for (const key of keys) this.#translations.forget(view, key, now);
  }

  #takeRecord(view: DataView, record: number, { netns, since, by }: ConntrackBatch, now: number): void {
    if (by !== 'conntrack') {
      const answer = this.#translations.addAnswer(view, record, netns, by, now);
      if (answer !== NO_TRANSLATION) this.#join.learn(answer, 0);
      return;
    }
    const kind = view.getUint8(record + CONNTRACK.kind);
    if (kind === CONNTRACK_KIND.destroyed) {
      this.#translations.destroy(view, record, netns, now);
      return;
    }
    const translation = this.#translations.add(view, record, netns);
    if (translation === NO_TRANSLATION) return;
    this.#join.learn(translation, kind === CONNTRACK_KIND.created ? since : 0);
  }
}
