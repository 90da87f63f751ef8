import { SIGHTING, SIGHTING_RECORD_BYTES } from '../model/flowRecord.ts';
import { SightingRecords } from '../model/flowRecords.ts';

/** Sightings of each flow slot, packed in one growing buffer that is compacted when half of it is unused. */
export class SightingStore {
  #bytes = new Uint8Array(1024 * SIGHTING_RECORD_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #records = new SightingRecords(this.#bytes);
  /** In records. */
  #used = 0;
  #unused = 0;
  #first = new Uint32Array(1024);
  #counts = new Uint32Array(1024);
  #rooms = new Uint32Array(1024);

  /** Replaces the sightings of a slot by these records. */
  put(slot: number, records: Uint8Array): void {
    const count = records.byteLength / SIGHTING_RECORD_BYTES;
    this.#growSlots(slot);
    if (count > (this.#rooms[slot] ?? 0)) this.#allot(slot, count);
    this.#counts[slot] = count;
    this.#bytes.set(records, (this.#first[slot] ?? 0) * SIGHTING_RECORD_BYTES);
  }

  /** Adds records to those a slot has. */
  append(slot: number, records: Uint8Array): void {
    const before = this.#copy(slot);
    const all = new Uint8Array(before.byteLength + records.byteLength);
    all.set(before);
    all.set(records, before.byteLength);
    this.put(slot, all);
  }

  /** Whether a slot has a sighting at a point, by the number its agent gave it, that the test holds of. */
  some(slot: number, test: (point: number) => boolean): boolean {
    const first = this.#first[slot] ?? 0;
    const end = first + this.countOf(slot);
    for (let record = first; record < end; record++) {
      if (test(this.#view.getUint32(record * SIGHTING_RECORD_BYTES + SIGHTING.point, true))) return true;
    }
    return false;
  }

  /** How many a slot has. */
  countOf(slot: number): number {
    return this.#counts[slot] ?? 0;
  }

  /** A copy of a slot's sightings. */
  get(slot: number): SightingRecords {
    return new SightingRecords(this.#copy(slot));
  }

  /** Calls back with a slot's sightings as they lie there: rows of the records, which change with the store. */
  forEach(slot: number, visit: (records: SightingRecords, row: number) => void): void {
    const first = this.#first[slot] ?? 0;
    const count = this.#counts[slot] ?? 0;
    for (let row = first; row < first + count; row++) visit(this.#records, row);
  }

  #copy(slot: number): Uint8Array {
    const start = (this.#first[slot] ?? 0) * SIGHTING_RECORD_BYTES;
    const end = start + (this.#counts[slot] ?? 0) * SIGHTING_RECORD_BYTES;
    return this.#bytes.slice(start, end);
  }

  remove(slot: number): void {
    this.#unused += this.#rooms[slot] ?? 0;
    this.#counts[slot] = 0;
    this.#rooms[slot] = 0;
  }

  /** Size of the buffer behind it, in bytes. */
  get capacity(): number {
    return this.#bytes.byteLength;
  }

  #growSlots(slot: number): void {
    if (slot < this.#first.length) return;
    const length = Math.max(slot + 1, this.#first.length * 2);
    this.#first = grown(this.#first, length);
    this.#counts = grown(this.#counts, length);
    this.#rooms = grown(this.#rooms, length);
  }

  #allot(slot: number, count: number): void {
    this.remove(slot);
    if ((this.#used + count) * SIGHTING_RECORD_BYTES > this.#bytes.byteLength) this.#makeRoom(count);
    this.#first[slot] = this.#used;
    this.#rooms[slot] = count;
    this.#used += count;
  }

  #makeRoom(count: number): void {
    const inUse = this.#used - this.#unused;
    const capacity = Math.max(1024, (inUse + count) * 2);
    const bytes = new Uint8Array(capacity * SIGHTING_RECORD_BYTES);
    let next = 0;
    for (let slot = 0; slot < this.#rooms.length; slot++) {
      const room = this.#rooms[slot] ?? 0;
      if (room === 0) continue;
      const first = this.#first[slot] ?? 0;
      bytes.set(
        this.#bytes.subarray(first * SIGHTING_RECORD_BYTES, (first + room) * SIGHTING_RECORD_BYTES),
        next * SIGHTING_RECORD_BYTES,
      );
      this.#first[slot] = next;
      next += room;
    }
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
    this.#records = new SightingRecords(bytes);
    this.#used = next;
    this.#unused = 0;
  }
}

function grown(array: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(length);
  larger.set(array);
  return larger;
}
