import { FLOW_RECORD_BYTES, SIGHTING_RECORD_BYTES } from './flowRecord.ts';

/** Reads packed little-endian records of one size. A row is an index; offsets are those of FLOW or SIGHTING. */
class PackedRecords {
  readonly count: number;
  readonly #view: DataView;
  readonly #recordBytes: number;

  constructor(bytes: ArrayBuffer | Uint8Array, recordBytes: number) {
    this.#view =
      bytes instanceof Uint8Array
        ? new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
        : new DataView(bytes);
    this.#recordBytes = recordBytes;
    if (this.#view.byteLength % recordBytes !== 0) {
      throw new RangeError(`${this.#view.byteLength} bytes are not whole records of ${recordBytes} bytes`);
    }
    this.count = this.#view.byteLength / recordBytes;
  }

  uint8(row: number, offset: number): number {
    return this.#view.getUint8(row * this.#recordBytes + offset);
  }

  uint16(row: number, offset: number): number {
    return this.#view.getUint16(row * this.#recordBytes + offset, true);
  }

  uint32(row: number, offset: number): number {
    return this.#view.getUint32(row * this.#recordBytes + offset, true);
  }

  float64(row: number, offset: number): number {
    return this.#view.getFloat64(row * this.#recordBytes + offset, true);
  }

  setUint8(row: number, offset: number, value: number): void {
    this.#view.setUint8(row * this.#recordBytes + offset, value);
  }

  setUint16(row: number, offset: number, value: number): void {
    this.#view.setUint16(row * this.#recordBytes + offset, value, true);
  }

  setUint32(row: number, offset: number, value: number): void {
    this.#view.setUint32(row * this.#recordBytes + offset, value, true);
  }

  setFloat64(row: number, offset: number, value: number): void {
    this.#view.setFloat64(row * this.#recordBytes + offset, value, true);
  }
}

/** Flow records, FLOW_RECORD_BYTES each. Throws RangeError when the bytes are not whole records. */
export class FlowRecords extends PackedRecords {
  constructor(bytes: ArrayBuffer | Uint8Array) {
    super(bytes, FLOW_RECORD_BYTES);
  }
}

/** Sighting records, SIGHTING_RECORD_BYTES each. Throws RangeError when the bytes are not whole records. */
export class SightingRecords extends PackedRecords {
  constructor(bytes: ArrayBuffer | Uint8Array) {
    super(bytes, SIGHTING_RECORD_BYTES);
  }
}
