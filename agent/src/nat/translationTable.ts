import { KEY, KEY_BYTES } from '../collector/flowLayout.ts';
import { KeyIndex, NOT_FOUND } from '../collector/keyIndex.ts';
import type { TranslatedBy } from './conntrackFeed.ts';
import { TRANSLATED_BY } from './conntrackFeed.ts';
import { CONNTRACK, TUPLE } from './conntrackLayout.ts';
import { canBeJoined, ROLES, TranslationKeys, TUPLE_ROLE } from './translation.ts';

/** No translation. */
export const NO_TRANSLATION = NOT_FOUND;

/** A key, its hash, and whether it is in the index. */
const SLOT = { key: 0, hash: KEY_BYTES, indexed: KEY_BYTES + 4 } as const;
const SLOT_BYTES = KEY_BYTES + 8;

const STATE = { free: 0, live: 1, gone: 2 } as const;

/** In place of the id of a connection that conntrack never confirmed. */
const UNCONFIRMED = 0;

/** How long packets may come late after their entry is destroyed, milliseconds: several drains of a busy agent. */
const LINGER = 30_000;
/** How many places are looked at for one whose entry is gone, before a live one has to go. */
const LOOK_AHEAD = 16;

/**
 * Translated connections of the observed namespaces by every tuple that they are seen as. Fixed memory, resident as it is
 * used; the oldest leave first, those that are gone before those that live.
 */
export class TranslationTable {
  /** Live entries that left before their packets were seen, because there was no more room. */
  evicted = 0;
  readonly #capacity: number;
  readonly #slots: DataView;
  readonly #index: KeyIndex;
  readonly #keys = new TranslationKeys();
  readonly #state: Uint8Array;
  /** Role of the tuple that flows are told as: where no plain tuple of its own is, the one that equals it. */
  readonly #plain: Uint8Array;
  readonly #clientIsHigh: Uint8Array;
  readonly #joined: Uint8Array;
  /** Index into TRANSLATED_BY. */
  readonly #by: Uint8Array;
  readonly #ids: Uint32Array;
  readonly #generations: Uint32Array;
  readonly #goneAt: Float64Array;
  #generation = 1;
  #next = 0;
  #live = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#slots = new DataView(new ArrayBuffer(capacity * ROLES * SLOT_BYTES));
    const layout = { size: SLOT_BYTES, key: SLOT.key, hash: SLOT.hash };
    this.#index = new KeyIndex(this.#slots, capacity * ROLES, layout);
    this.#state = new Uint8Array(capacity);
    this.#plain = new Uint8Array(capacity);
    this.#clientIsHigh = new Uint8Array(capacity * ROLES);
    this.#joined = new Uint8Array(capacity);
    this.#by = new Uint8Array(capacity);
    this.#ids = new Uint32Array(capacity);
    this.#generations = new Uint32Array(capacity);
    this.#goneAt = new Float64Array(capacity);
  }

  /** Connections that are translated now, as far as is known. */
  get live(): number {
    return this.#live;
  }

  /** Bytes that keys of translations are read from, at keyOffset(). */
  get view(): DataView {
    return this.#slots;
  }

  /**
   * Takes in a connection that was listed or made. One that is known already is only confirmed.
   * @param record offset of a conntrack record @param netns index of its namespace, as in flow keys
   * @returns the translation where it is new
   */
  add(view: DataView, record: number, netns: number, by: TranslatedBy = 'conntrack'): number {
    if (!canBeJoined(view, record)) return NO_TRANSLATION;
    this.#keys.make(view, record, netns);
    const id = view.getUint32(record + CONNTRACK.id, true);
    const known = this.#slotOf(by === 'cilium-socket' ? TUPLE_ROLE.translated : TUPLE_ROLE.asked);
    const before = known === NOT_FOUND ? NO_TRANSLATION : Math.floor(known / ROLES);
    if (before !== NO_TRANSLATION && this.#isSame(before, id)) {
      this.#revive(before);
      return NO_TRANSLATION;
    }
    const translation = this.#takePlace();
    this.#by[translation] = TRANSLATED_BY.indexOf(by);
    this.#write(translation, id);
    return translation;
  }

  /**
   * Takes in what was asked for and is told of by nothing else: whether it still is so is asked again with the next flow.
   * @param now milliseconds since the epoch @returns the translation where it is new
   */
  addAnswer(view: DataView, record: number, netns: number, by: TranslatedBy, now: number): number {
    this.#chain(view, record, netns);
    const translation = this.add(view, record, netns, by);
    const slot = this.#slotOf(TUPLE_ROLE.translated);
    if (slot !== NOT_FOUND) this.#end(Math.floor(slot / ROLES), now);
    return translation;
  }

  /** What comes from one translation may go to conntrack's next: to both together the connection is one. */
  #chain(view: DataView, record: number, netns: number): void {
    this.#keys.make(view, record, netns);
    const slot = this.#slotOf(TUPLE_ROLE.translated);
    const next = slot === NOT_FOUND ? NO_TRANSLATION : Math.floor(slot / ROLES);
    if (next === NO_TRANSLATION || slot % ROLES !== TUPLE_ROLE.asked) return;
    if (this.translatedBy(next) !== 'conntrack' || this.#state[next] !== STATE.live) return;
    const key = this.keyOffset(next, TUPLE_ROLE.translated);
    const isHigh = this.clientIsHigh(next, TUPLE_ROLE.translated);
    const address = key + (isHigh ? KEY.highAddress : KEY.lowAddress);
    const reply = record + CONNTRACK.reply;
    for (let byte = 0; byte < 16; byte += 4) {
      view.setUint32(reply + TUPLE.destination + byte, this.#slots.getUint32(address + byte, true), true);
    }
    const port = this.#slots.getUint16(key + (isHigh ? KEY.highPort : KEY.lowPort), true);
    view.setUint16(reply + TUPLE.destinationPort, port, true);
  }

  /**
   * A flow key that was asked for and is no tuple of a translation that was answered before. It may still be one of an
   * answer of now that conntrack translates further. @param now milliseconds since the epoch
   */
  forget(view: DataView, keyOffset: number, now: number): void {
    const slot = this.#index.find(view, keyOffset, this.#index.hash(view, keyOffset));
    if (slot === NOT_FOUND) return;
    const translation = Math.floor(slot / ROLES);
    const isOld = this.#goneAt[translation] !== now;
    if (this.translatedBy(translation) !== 'conntrack' && isOld) this.#remove(translation);
  }

  translatedBy(translation: number): TranslatedBy {
    return TRANSLATED_BY[this.#by[translation] ?? 0] ?? 'conntrack';
  }

  /** Whether no packet ever has the tuple of this role, though the client's socket does. */
  isHidden(translation: number, role: number): boolean {
    return role === TUPLE_ROLE.asked && this.translatedBy(translation) === 'cilium-socket';
  }

  /**
   * Takes in a connection whose first packet was dropped, so that it has no id. One that lives with the same tuple goes on:
   * of two first packets at once conntrack takes one.
   * @returns the translation where it is new
   */
  addUnconfirmed(view: DataView, record: number, netns: number): number {
    if (!canBeJoined(view, record)) return NO_TRANSLATION;
    this.#keys.make(view, record, netns);
    const known = this.#slotOf(TUPLE_ROLE.asked);
    const before = known === NOT_FOUND ? NO_TRANSLATION : Math.floor(known / ROLES);
    const isConfirmed = before !== NO_TRANSLATION && this.#ids[before] !== UNCONFIRMED;
    if (isConfirmed && this.#state[before] === STATE.live) return NO_TRANSLATION;
    return this.add(view, record, netns);
  }

  /** Takes note that a connection is gone. Late packets are joined for a while. @param now milliseconds since the epoch */
  destroy(view: DataView, record: number, netns: number, now: number): void {
    if (!canBeJoined(view, record)) return;
    this.#keys.make(view, record, netns);
    const slot = this.#slotOf(TUPLE_ROLE.asked);
    if (slot === NOT_FOUND) return;
    const translation = Math.floor(slot / ROLES);
    if (this.#ids[translation] === view.getUint32(record + CONNTRACK.id, true)) this.#end(translation, now);
  }

  /** All connections of a namespace are about to be added, as they were listed at one time. */
  beginListing(): void {
    this.#generation += 1;
  }

  /** After they were added: what is not among them is gone. @param now milliseconds since the epoch */
  sweep(netns: number, now: number): void {
    for (let translation = 0; translation < this.#capacity; translation += 1) {
      if (this.#state[translation] !== STATE.live) continue;
      const isListed = this.#generations[translation] === this.#generation;
      if (!isListed && this.#netnsOf(translation) === netns) this.#end(translation, now);
    }
  }

  /** The translation that a flow key is a tuple of. @param now milliseconds since the epoch */
  find(view: DataView, keyOffset: number, now: number): number {
    const slot = this.#index.find(view, keyOffset, this.#index.hash(view, keyOffset));
    if (slot === NOT_FOUND) return NO_TRANSLATION;
    const translation = Math.floor(slot / ROLES);
    const isOver = this.#state[translation] === STATE.gone && now - (this.#goneAt[translation] ?? 0) > LINGER;
    return isOver ? NO_TRANSLATION : translation;
  }

  /** Role of the tuple that the connection's flow is told as. */
  plainRole(translation: number): number {
    return this.#plain[translation] ?? TUPLE_ROLE.plain;
  }

  /** Whether packets with the tuple of this role are this connection's. */
  isSeenAs(translation: number, role: number): boolean {
    return this.#slots.getUint8(slotAt(translation, role) + SLOT.indexed) !== 0;
  }

  /** Where the key of a role begins in `view`. */
  keyOffset(translation: number, role: number): number {
    return slotAt(translation, role) + SLOT.key;
  }

  clientIsHigh(translation: number, role: number): boolean {
    return this.#clientIsHigh[translation * ROLES + role] === 1;
  }

  /** Its packets have a flow that has all its tuples: the translation itself is not needed any more. */
  setJoined(translation: number): void {
    this.#joined[translation] = 1;
  }

  #netnsOf(translation: number): number {
    return this.#slots.getUint32(this.keyOffset(translation, TUPLE_ROLE.asked) + KEY.netns, true);
  }

  #slotOf(role: number): number {
    const at = role * KEY_BYTES;
    return this.#index.find(this.#keys.view, at, this.#index.hash(this.#keys.view, at));
  }

  /** Whether the tuples just made are those of a translation that is in the table. */
  #isSame(translation: number, id: number): boolean {
    if (this.#ids[translation] !== id) return false;
    const slot = this.#slotOf(TUPLE_ROLE.translated);
    return slot === NOT_FOUND ? false : Math.floor(slot / ROLES) === translation;
  }

  #revive(translation: number): void {
    if (this.#state[translation] === STATE.gone) this.#live += 1;
    this.#state[translation] = STATE.live;
    this.#generations[translation] = this.#generation;
  }

  #end(translation: number, now: number): void {
    if (this.#state[translation] !== STATE.live) return;
    this.#state[translation] = STATE.gone;
    this.#goneAt[translation] = now;
    this.#live -= 1;
  }

  #takePlace(): number {
    let place = this.#next;
    for (let ahead = 0; ahead < LOOK_AHEAD; ahead += 1) {
      const candidate = (this.#next + ahead) % this.#capacity;
      if (this.#state[candidate] === STATE.live && this.#joined[candidate] === 0) continue;
      place = candidate;
      break;
    }
    if (this.#state[place] === STATE.live && this.#joined[place] === 0) this.evicted += 1;
    this.#remove(place);
    this.#next = (place + 1) % this.#capacity;
    return place;
  }

  #write(translation: number, id: number): void {
    const keys = this.#keys;
    const own = !keys.same(TUPLE_ROLE.plain, TUPLE_ROLE.asked);
    const between = own && !keys.same(TUPLE_ROLE.plain, TUPLE_ROLE.translated);
    this.#plain[translation] = between ? TUPLE_ROLE.plain : own ? TUPLE_ROLE.translated : TUPLE_ROLE.asked;
    this.#state[translation] = STATE.live;
    this.#joined[translation] = 0;
    this.#ids[translation] = id;
    this.#generations[translation] = this.#generation;
    this.#live += 1;
    this.#writeKey(translation, TUPLE_ROLE.asked, !this.isHidden(translation, TUPLE_ROLE.asked));
    this.#writeKey(translation, TUPLE_ROLE.translated, true);
    this.#writeKey(translation, TUPLE_ROLE.plain, between && !keys.plainIsTaken);
  }

  /** The latest connection has a tuple; that between the two translations gives way to any other. */
  #writeKey(translation: number, role: number, wanted: boolean): void {
    const base = slotAt(translation, role);
    for (let byte = 0; byte < KEY_BYTES; byte += 4) {
      const value = this.#keys.view.getUint32(role * KEY_BYTES + byte, true);
      this.#slots.setUint32(base + SLOT.key + byte, value, true);
    }
    const hash = this.#index.hash(this.#slots, base + SLOT.key);
    this.#slots.setUint32(base + SLOT.hash, hash, true);
    this.#clientIsHigh[translation * ROLES + role] = this.#keys.clientIsHigh[role] ?? 0;
    this.#slots.setUint8(base + SLOT.indexed, 0);
    if (!wanted) return;
    const owner = this.#index.find(this.#slots, base + SLOT.key, hash);
    if (owner !== NOT_FOUND) {
      if (role === TUPLE_ROLE.plain) return;
      if (owner % ROLES === TUPLE_ROLE.plain) this.#unindex(owner);
      else this.#remove(Math.floor(owner / ROLES));
    }
    this.#index.add(translation * ROLES + role);
    this.#slots.setUint8(base + SLOT.indexed, 1);
  }

  #remove(translation: number): void {
    if (this.#state[translation] === STATE.free) return;
    if (this.#state[translation] === STATE.live) this.#live -= 1;
    this.#state[translation] = STATE.free;
    for (let role = 0; role < ROLES; role += 1) {
      if (this.isSeenAs(translation, role)) this.#unindex(translation * ROLES + role);
    }
  }

  #unindex(slot: number): void {
    this.#index.remove(slot);
    this.#slots.setUint8(slot * SLOT_BYTES + SLOT.indexed, 0);
  }
}

function slotAt(translation: number, role: number): number {
  return (translation * ROLES + role) * SLOT_BYTES;
}
