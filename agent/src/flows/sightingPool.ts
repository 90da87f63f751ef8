import { KEPT, KEPT_BYTES, NONE } from './flowRow.ts';

/** What all sightings of all flows are kept in: records of one size, those of one flow linked. */
export class SightingPool {
  readonly view: DataView;
  readonly #bytes: Uint8Array;
  readonly #capacity: number;
  /** First of the given-back records. */
  #free = NONE;
  #used = 0;

  /** Memory is reserved for `capacity` records and becomes resident as they are used. */
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

  /** Adds to a record. Times are milliseconds since the table's epoch. */
  add(index: number, packets: number, bytes: number, tcpFlags: number, first: number, last: number): void {
    const base = index * KEPT_BYTES;
    const { view } = this;
    const before = view.getFloat64(base + KEPT.packets, true);
    view.setFloat64(base + KEPT.packets, before + packets, true);
    view.setFloat64(base + KEPT.bytes, view.getFloat64(base + KEPT.bytes, true) + bytes, true);
    view.setUint32(base + KEPT.tcpFlags, view.getUint32(base + KEPT.tcpFlags, true) | tcpFlags, true);
    if (before === 0 || first < view.getUint32(base + KEPT.first, true)) {
      view.setUint32(base + KEPT.first, first, true);
    }
    if (before === 0 || last > view.getUint32(base + KEPT.last, true)) {
      view.setUint32(base + KEPT.last, last, true);
    }
  }
}
