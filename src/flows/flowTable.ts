import { FLOW, FLOW_RECORD_BYTES } from '../model/flowRecord.ts';
import { FlowRecords } from '../model/flowRecords.ts';
import { SLOT } from './flowPicture.ts';
import type { FlowPicture } from './flowPicture.ts';

const FIRST_CAPACITY = 1024;

/** Growing typed arrays with one entry a slot: record, state and rate. A freed slot is used again. */
export class FlowTable {
  /** Flows that left their slots so far. */
  removals = 0;
  readonly #freeSlots: number[] = [];
  #slots = 0;
  #bytes = new Uint8Array(FIRST_CAPACITY * FLOW_RECORD_BYTES);
  #records = new FlowRecords(this.#bytes);
  #states = new Uint8Array(FIRST_CAPACITY);
  #rates = new Float64Array(FIRST_CAPACITY);
  /** Total bytes of each flow when rates were last taken. */
  #measuredBytes = new Float64Array(FIRST_CAPACITY);

  /** Slots are below this. */
  get slots(): number {
    return this.#slots;
  }

  get records(): FlowRecords {
    return this.#records;
  }

  state(slot: number): number {
    return this.#states[slot] ?? SLOT.free;
  }

  setState(slot: number, state: number): void {
    this.#states[slot] = state;
  }

  add(): number {
    const slot = this.#freeSlots.pop() ?? this.#slots++;
    if (slot >= this.#states.length) this.#grow();
    this.#measuredBytes[slot] = 0;
    this.#rates[slot] = 0;
    return slot;
  }

  remove(slot: number): void {
    this.#states[slot] = SLOT.free;
    this.#rates[slot] = 0;
    this.#freeSlots.push(slot);
    this.removals++;
  }

  /** Copies one record in. */
  put(slot: number, record: Uint8Array): void {
    this.#bytes.set(record, slot * FLOW_RECORD_BYTES);
  }

  /** One record, not copied: it changes with the table. */
  view(slot: number): Uint8Array {
    return this.#bytes.subarray(slot * FLOW_RECORD_BYTES, (slot + 1) * FLOW_RECORD_BYTES);
  }

  /** A copy of one record. */
  get(slot: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(slot * FLOW_RECORD_BYTES, (slot + 1) * FLOW_RECORD_BYTES);
  }

  /** Takes what the flow has counted so far as counted before. */
  settle(slot: number): void {
    this.#measuredBytes[slot] = this.#totalBytes(slot);
  }

  /** Another table with the same flows in the same slots. */
  clone(): FlowTable {
    const copy = new FlowTable();
    while (copy.#states.length < this.#slots) copy.#grow();
    copy.#slots = this.#slots;
    copy.removals = this.removals;
    copy.#freeSlots.push(...this.#freeSlots);
    copy.#bytes.set(this.#bytes.subarray(0, this.#slots * FLOW_RECORD_BYTES));
    copy.#states.set(this.#states.subarray(0, this.#slots));
    copy.#rates.set(this.#rates.subarray(0, this.#slots));
    copy.#measuredBytes.set(this.#measuredBytes.subarray(0, this.#slots));
    return copy;
  }

  /** Takes every flow's rate since the last call; returns how many flows had traffic. `seconds` 0 gives no rates. */
  measure(seconds: number): number {
    let active = 0;
    for (let slot = 0; slot < this.#slots; slot++) {
      if (this.#states[slot] === SLOT.free) continue;
      const total = this.#totalBytes(slot);
      const grown = total - (this.#measuredBytes[slot] ?? 0);
      this.#measuredBytes[slot] = total;
      this.#rates[slot] = seconds > 0 ? Math.max(0, grown) / seconds : 0;
      if (grown > 0) active++;
    }
    return active;
  }

  /** All flows as they are; the picture changes with the table until the table grows. */
  picture(now: number, droppedEnded: number): FlowPicture {
    return {
      slots: this.#slots,
      bytes: this.#bytes,
      records: this.#records,
      states: this.#states,
      rates: this.#rates,
      droppedEnded,
      now,
    };
  }

  /** All flows as they are now, for good. */
  frozenPicture(now: number, droppedEnded: number): FlowPicture {
    const bytes = this.#bytes.slice(0, this.#slots * FLOW_RECORD_BYTES);
    return {
      slots: this.#slots,
      bytes,
      records: new FlowRecords(bytes),
      states: this.#states.slice(0, this.#slots),
      rates: this.#rates.slice(0, this.#slots),
      droppedEnded,
      now,
    };
  }

  #totalBytes(slot: number): number {
    return this.#records.float64(slot, FLOW.sentBytes) + this.#records.float64(slot, FLOW.receivedBytes);
  }

  #grow(): void {
    const capacity = this.#states.length * 2;
    const bytes = new Uint8Array(capacity * FLOW_RECORD_BYTES);
    bytes.set(this.#bytes);
    this.#bytes = bytes;
    this.#records = new FlowRecords(bytes);
    const states = new Uint8Array(capacity);
    states.set(this.#states);
    this.#states = states;
    this.#rates = grown(this.#rates, capacity);
    this.#measuredBytes = grown(this.#measuredBytes, capacity);
  }
}

function grown(array: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(length);
  larger.set(array);
  return larger;
}
