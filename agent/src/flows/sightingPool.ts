import { SIGHTING, SIGHTING_RECORD_BYTES } from '../../../src/model/flowRecord.ts';
import { KEPT, KEPT_BYTES, NONE } from './flowRow.ts';

/** What all sightings of all flows are kept in: records of one size, those of one flow linked. */
export class SightingPool {
  readonly #bytes: Uint8Array;
  readonly view: DataView;
  readonly #capacity: number;
  /** First of the given-back records. */
  #free = NONE;
  #used = 0;

  /** Memory is reserved for `capacity` records and taken as they are used. */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#bytes = new Uint8Array(capacity * KEPT_BYTES);
    this.view = new DataView(this.#bytes.buffer);
  }

  /** Index of a zeroed record, NONE when the pool is full. */
  take(): number {
    if (this.#free !== NONE) {
      const index = this.#free;
      this.#free = this.next(index);
      this.#bytes.fill(0, index * KEPT_BYTES, (index + 1) * KEPT_BYTES);
      return index;
    }
    if (this.#used === this.#capacity) return NONE;
    this.#used += 1;
    return this.#used - 1;
  }

  give(index: number): void {
    this.view.setUint32(index * KEPT_BYTES + KEPT.next, this.#free, true);
    this.#free = index;
  }

  next(index: number): number {
    return this.view.getUint32(index * KEPT_BYTES + KEPT.next, true);
  }

  /** Adds to a record. Times are milliseconds since the epoch. */
  add(
    index: number,
    packets: number,
    bytes: number,
    tcpFlags: number,
    first: number,
    last: number,
  ): void {
    const base = index * KEPT_BYTES;
    const { view } = this;
    const isNew = view.getFloat64(base + SIGHTING.packets, true) === 0;
    view.setFloat64(base + SIGHTING.packets, view.getFloat64(base + SIGHTING.packets, true) + packets, true);
    view.setFloat64(base + SIGHTING.bytes, view.getFloat64(base + SIGHTING.bytes, true) + bytes, true);
    view.setUint32(base + SIGHTING.tcpFlags, view.getUint32(base + SIGHTING.tcpFlags, true) | tcpFlags, true);
    if (isNew || first < view.getFloat64(base + SIGHTING.first, true)) {
      view.setFloat64(base + SIGHTING.first, first, true);
    }
    if (isNew || last > view.getFloat64(base + SIGHTING.last, true)) {
      view.setFloat64(base + SIGHTING.last, last, true);
    }
  }

  /** Copies the wire's part of a record. */
  copy(index: number, target: Uint8Array, offset: number): void {
    const base = index * KEPT_BYTES;
    target.set(this.#bytes.subarray(base, base + SIGHTING_RECORD_BYTES), offset);
  }
}
