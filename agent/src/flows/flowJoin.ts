import { COARSE_DELAY } from '../collector/clock.ts';
import { KEY_BYTES } from '../collector/flowLayout.ts';
import { TRANSLATED_BY } from '../nat/conntrackFeed.ts';
import { ROLES, TUPLE_ROLE } from '../nat/translation.ts';
import type { TranslationTable } from '../nat/translationTable.ts';
import { NO_TRANSLATION } from '../nat/translationTable.ts';
import { NONE, ROW, ROW_BYTES, SIDE_NUMBER } from './flowRow.ts';
import type { FlowTable } from './flowTable.ts';
import { mergeFlows } from './mergeFlows.ts';
import type { RowIdentity } from './rowIdentity.ts';

/**
 * Makes one flow of a connection that is seen as several tuples because NAT changed it. The flow's own row has the tuple
 * between client and backend, whether or not it is ever seen; the other tuples' rows belong to it.
 */
export class FlowJoin {
  /** Flows that were counted as several, or without their translation, before it was known. */
  joinedLate = 0;
  /** Milliseconds since the epoch. */
  now = 0;
  readonly #table: FlowTable;
  readonly #translations: TranslationTable;
  readonly #identity: RowIdentity;
  /** The rows that have the tuples of the connection in hand, by role: see #findRows(). */
  readonly #rows = new Uint32Array(ROLES);

  constructor(table: FlowTable, translations: TranslationTable, identity: RowIdentity) {
    this.#table = table;
    this.#translations = translations;
    this.#identity = identity;
  }

  /** The row of a key that has none yet, in the flow of its translated connection; NONE where none is known. */
  open(view: DataView, keyOffset: number): number {
    const translation = this.#translations.find(view, keyOffset, this.now);
    // Without room for all its keys it stays a flow of its own, as long as there is room for that.
    if (translation === NO_TRANSLATION || !this.#table.hasRoom(ROLES)) return NONE;
    this.#findRows(translation);
    this.#join(translation, 0);
    return this.#table.findKey(view, keyOffset);
  }

  /**
   * Joins what was counted of a connection before its translation was known.
   * @param since time before which it was not there, milliseconds since the epoch; 0 where that is not known
   */
  learn(translation: number, since: number): void {
    this.#findRows(translation);
    const isSeen = this.#rows.some((row) => row !== NONE);
    if (isSeen && this.#table.hasRoom(ROLES)) this.#join(translation, since);
  }

  /** Of the connection whose rows were found. */
  #join(translation: number, since: number): void {
    if (this.#isShared()) return;
    const table = this.#table;
    for (const row of this.#rows) {
      if (row !== NONE && this.#endOther(translation, row, since)) this.#findRows(translation);
    }
    const known = this.#knownFlow(translation);
    const late = known !== NONE && table.uint8(known, ROW.original) === 0;
    const flow = known === NONE ? this.#startFlow(translation) : known;
    const merged = this.#addKeys(translation, flow);
    this.#markJoined(translation, flow);
    this.#translations.setJoined(translation);
    if (!late && !merged) return;
    this.joinedLate += 1;
    table.touch(flow);
  }

  /** Looks for the rows that have the tuples of a connection now. */
  #findRows(translation: number): void {
    const translations = this.#translations;
    for (let role = 0; role < ROLES; role += 1) {
      this.#rows[role] = translations.isSeenAs(translation, role)
        ? this.#table.findKey(translations.view, translations.keyOffset(translation, role))
        : NONE;
    }
  }

  #rowOf(role: number): number {
    return this.#rows[role] ?? NONE;
  }

  /** Another namespace has the flow of one of the tuples (sharedFlows.ts): this is NAT within one of several on its way. */
  #isShared(): boolean {
    const table = this.#table;
    for (const row of this.#rows) {
      if (row !== NONE && table.flowOf(row) !== row && table.uint8(row, ROW.role) === 0) return true;
    }
    return false;
  }

  /** The row's tuple may still have the flow of an earlier connection, which is over then. @returns whether it had */
  #endOther(translation: number, row: number, since: number): boolean {
    const table = this.#table;
    const flow = table.flowOf(row);
    if (this.#isOwn(translation, flow)) return false;
    const end = table.uint32(flow, ROW.end);
    const isEarlier = since > 0 && end !== 0 && end < table.keepTime(since - COARSE_DELAY);
    if (!isEarlier && table.uint8(flow, ROW.original) === 0) return false;
    table.end(flow);
    return true;
  }

  /** Whether a flow is that of this connection, joined before. */
  #isOwn(translation: number, flow: number): boolean {
    const table = this.#table;
    if (table.uint8(flow, ROW.original) === 0 || !this.#hasPlainKey(translation, flow)) return false;
    const isHidden = this.#translations.isHidden(translation, TUPLE_ROLE.asked);
    const asked = isHidden ? this.#rowWithRole(flow, TUPLE_ROLE.asked) : this.#rowOf(TUPLE_ROLE.asked);
    if (asked === NONE || table.flowOf(asked) !== flow) return this.#isTail(flow);
    return !isHidden || this.#hasKey(translation, TUPLE_ROLE.asked, asked);
  }

  /** Whether of this connection only the last translation was known, which takes place after Cilium's. */
  #isTail(flow: number): boolean {
    if (this.#table.uint8(flow, ROW.role) !== TUPLE_ROLE.asked + 1) return false;
    const translated = this.#rowOf(TUPLE_ROLE.translated);
    return translated !== NONE && translated !== flow && this.#table.flowOf(translated) === flow;
  }

  /** The row of a flow's key that NAT gave this role. */
  #rowWithRole(flow: number, role: number): number {
    const table = this.#table;
    let row = flow;
    while (row !== NONE && table.uint8(row, ROW.role) !== role + 1) row = table.uint32(row, ROW.nextKey);
    return row;
  }

  #hasPlainKey(translation: number, row: number): boolean {
    return this.#hasKey(translation, this.#translations.plainRole(translation), row);
  }

  #hasKey(translation: number, role: number, row: number): boolean {
    const { view } = this.#translations;
    const key = this.#translations.keyOffset(translation, role);
    for (let byte = 0; byte < KEY_BYTES; byte += 4) {
      if (view.getUint32(key + byte, true) !== this.#table.uint32(row, ROW.key + byte)) return false;
    }
    return true;
  }

  /** A flow that is there already and has the plain tuple as its own. */
  #knownFlow(translation: number): number {
    for (const row of this.#rows) {
      if (row === NONE) continue;
      const flow = this.#table.flowOf(row);
      if (this.#hasPlainKey(translation, flow)) return flow;
    }
    return NONE;
  }

  #startFlow(translation: number): number {
    const translations = this.#translations;
    const role = translations.plainRole(translation);
    const flow = this.#table.start(translations.view, translations.keyOffset(translation, role));
    if (!translations.isSeenAs(translation, role)) this.#table.hideKey(flow);
    return flow;
  }

  /** Puts every other tuple under the flow. @returns whether one had been counted as a flow of its own */
  #addKeys(translation: number, flow: number): boolean {
    const table = this.#table;
    const translations = this.#translations;
    const plain = translations.plainRole(translation);
    let merged = false;
    for (let role = 0; role < ROLES; role += 1) {
      const isHidden = translations.isHidden(translation, role);
      if (role === plain || !(isHidden || translations.isSeenAs(translation, role))) continue;
      if (isHidden && this.#rowWithRole(flow, role) !== NONE) continue;
      const turned =
        translations.clientIsHigh(translation, role) !== translations.clientIsHigh(translation, plain);
      let row = this.#rowOf(role);
      if (row === NONE) {
        row = table.addKey(flow, translations.view, translations.keyOffset(translation, role), turned);
        if (isHidden) table.hideKey(row);
      } else if (table.flowOf(row) !== flow) {
        const further: number[] = [];
        table.forEachKey(row, (key) => further.push(key));
        mergeFlows(table, row, flow, turned);
        for (const key of further.slice(1)) table.linkKey(flow, key, turned !== table.isTurned(key));
        merged = true;
      }
      table.rows.setUint8(row * ROW_BYTES + ROW.role, role + 1);
    }
    return merged;
  }

  #markJoined(translation: number, flow: number): void {
    const { rows } = this.#table;
    const plain = this.#translations.plainRole(translation);
    const isHigh = this.#translations.clientIsHigh(translation, plain);
    rows.setUint8(flow * ROW_BYTES + ROW.original, isHigh ? SIDE_NUMBER.high : SIDE_NUMBER.low);
    rows.setUint8(flow * ROW_BYTES + ROW.role, plain + 1);
    // Where only the source was changed, this says nothing of who answered for the address asked.
    if (plain !== TUPLE_ROLE.asked) {
      const by = TRANSLATED_BY.indexOf(this.#translations.translatedBy(translation));
      rows.setUint8(flow * ROW_BYTES + ROW.translatedBy, by);
    }
    this.#identity.nameLater(flow);
  }
}
