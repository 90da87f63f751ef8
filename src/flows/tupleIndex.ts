import { FLOW } from '../model/flowRecord.ts';
import type { FlowRecords } from '../model/flowRecords.ts';
import type { EndpointTable } from './endpointTable.ts';

/** A flow is found by its own tuple, the one that was asked before DNAT and the translated one after SNAT. */
export const TUPLES_OF_FLOW = 3;
const ASKED = 1;
const TRANSLATED = 2;
const NONE = -1;
const FIRST_SLOTS = 1024;
/** Words of an entry: both ends' addresses, the lower end first, their ports, and protocol with what follows. */
const WORDS = 4;
const PRESENT = 1 << 8;
const CLIENT_IS_LOW = 1 << 9;

/**
 * Finds flows by the tuples they were seen as, whichever end sent. An entry is a slot and which of its flow's tuples;
 * entries of one tuple are in one bucket's chain. All in typed arrays.
 */
export class TupleIndex {
  #words = new Uint32Array(FIRST_SLOTS * TUPLES_OF_FLOW * WORDS);
  #next = new Int32Array(FIRST_SLOTS * TUPLES_OF_FLOW).fill(NONE);
  #buckets = new Int32Array(FIRST_SLOTS * 2).fill(NONE);
  #entries = 0;
  readonly #tuple = new Uint32Array(WORDS);

  /** Whether a flow has the tuples under which it was entered. */
  isSameAs(slot: number, records: FlowRecords, endpoints: EndpointTable): boolean {
    for (let role = 0; role < TUPLES_OF_FLOW; role++) {
      this.#build(slot, role, records, endpoints);
      if (!this.#isEntered(slot * TUPLES_OF_FLOW + role)) return false;
    }
    return true;
  }

  /** Enters a flow under its tuples, instead of those that it had. */
  put(slot: number, records: FlowRecords, endpoints: EndpointTable): void {
    this.#growSlots(slot);
    for (let role = 0; role < TUPLES_OF_FLOW; role++) {
      const entry = slot * TUPLES_OF_FLOW + role;
      this.#build(slot, role, records, endpoints);
      if (this.#isEntered(entry)) continue;
      this.#leave(entry);
      if (this.#tuple[3] !== 0) this.#enter(entry);
    }
  }

  remove(slot: number): void {
    for (let role = 0; role < TUPLES_OF_FLOW; role++) this.#leave(slot * TUPLES_OF_FLOW + role);
  }

  isPresent(entry: number): boolean {
    return ((this.#words[entry * WORDS + 3] ?? 0) & PRESENT) !== 0;
  }

  /** Whether the client of the entry's flow is the lower end of its tuple. */
  clientIsLow(entry: number): boolean {
    return ((this.#words[entry * WORDS + 3] ?? 0) & CLIENT_IS_LOW) !== 0;
  }

  /** The first entry of the same tuple, itself included. */
  first(entry: number): number {
    return this.#sameFrom(this.#buckets[this.#bucketOf(entry)] ?? NONE, entry);
  }

  /** The next entry of the same tuple; negative after the last. */
  following(other: number, entry: number): number {
    return this.#sameFrom(this.#next[other] ?? NONE, entry);
  }

  #sameFrom(start: number, entry: number): number {
    let at = start;
    while (at !== NONE && !this.#isSame(at, entry)) at = this.#next[at] ?? NONE;
    return at;
  }

  #isSame(one: number, other: number): boolean {
    const words = this.#words;
    const [a, b] = [one * WORDS, other * WORDS];
    return (
      words[a] === words[b] &&
      words[a + 1] === words[b + 1] &&
      words[a + 2] === words[b + 2] &&
      (((words[a + 3] ?? 0) ^ (words[b + 3] ?? 0)) & ~CLIENT_IS_LOW) === 0
    );
  }

  /** Takes one of a flow's tuples; all zeros where it has none of the role. */
  #build(slot: number, role: number, records: FlowRecords, endpoints: EndpointTable): void {
    let client = endpoints.addressNumber(records.uint32(slot, FLOW.client));
    let clientPort = records.uint16(slot, FLOW.clientPort);
    let server = endpoints.addressNumber(records.uint32(slot, FLOW.server));
    let serverPort = records.uint16(slot, FLOW.serverPort);
    if (role === ASKED) {
      server = records.uint32(slot, FLOW.askedAddress);
      serverPort = records.uint16(slot, FLOW.askedPort);
    } else if (role === TRANSLATED) {
      client = records.uint32(slot, FLOW.translatedAddress);
      clientPort = records.uint16(slot, FLOW.translatedPort);
    }
    const tuple = this.#tuple;
    if (client === 0 || server === 0) {
      tuple.fill(0);
      return;
    }
    const clientIsLow = client < server || (client === server && clientPort <= serverPort);
    tuple[0] = clientIsLow ? client : server;
    tuple[1] = clientIsLow ? server : client;
    tuple[2] = clientIsLow ? clientPort * 0x10000 + serverPort : serverPort * 0x10000 + clientPort;
    tuple[3] = records.uint8(slot, FLOW.protocol) | PRESENT | (clientIsLow ? CLIENT_IS_LOW : 0);
  }

  #isEntered(entry: number): boolean {
    const at = entry * WORDS;
    for (let word = 0; word < WORDS; word++) {
      if ((this.#words[at + word] ?? 0) !== this.#tuple[word]) return false;
    }
    return true;
  }

  #enter(entry: number): void {
    this.#words.set(this.#tuple, entry * WORDS);
    this.#link(entry);
    this.#entries++;
    if (this.#entries > this.#buckets.length) this.#growBuckets();
  }

  #link(entry: number): void {
    const bucket = this.#bucketOf(entry);
    this.#next[entry] = this.#buckets[bucket] ?? NONE;
    this.#buckets[bucket] = entry;
  }

  #leave(entry: number): void {
    if (!this.isPresent(entry)) return;
    const bucket = this.#bucketOf(entry);
    const after = this.#next[entry] ?? NONE;
    let before = this.#buckets[bucket] ?? NONE;
    if (before === entry) this.#buckets[bucket] = after;
    else {
      while (this.#next[before] !== entry) before = this.#next[before] ?? NONE;
      this.#next[before] = after;
    }
    this.#next[entry] = NONE;
    this.#words.fill(0, entry * WORDS, (entry + 1) * WORDS);
    this.#entries--;
  }

  #bucketOf(entry: number): number {
    const at = entry * WORDS;
    let hash = Math.imul(this.#words[at] ?? 0, 0x9e3779b1);
    hash = Math.imul(hash ^ (this.#words[at + 1] ?? 0), 0x85ebca6b);
    hash = Math.imul((hash >>> 13) ^ hash ^ (this.#words[at + 2] ?? 0), 0xc2b2ae35);
    hash ^= hash >>> 16;
    return (hash ^ ((this.#words[at + 3] ?? 0) & 0xff)) & (this.#buckets.length - 1);
  }

  #growSlots(slot: number): void {
    const entries = (slot + 1) * TUPLES_OF_FLOW;
    if (entries <= this.#next.length) return;
    const length = Math.max(entries, this.#next.length * 2);
    const words = new Uint32Array(length * WORDS);
    words.set(this.#words);
    this.#words = words;
    const next = new Int32Array(length).fill(NONE);
    next.set(this.#next);
    this.#next = next;
  }

  #growBuckets(): void {
    this.#buckets = new Int32Array(this.#buckets.length * 2).fill(NONE);
    for (let entry = 0; entry < this.#next.length; entry++) if (this.isPresent(entry)) this.#link(entry);
  }
}
