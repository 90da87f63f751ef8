import { randomBytes } from 'node:crypto';
import { KEY_BYTES } from './flowLayout.ts';

const WORDS = KEY_BYTES / 4;

/** Not in the index. */
export const NOT_FOUND = 0xffffffff;

/** Where rows of one size have their key and its hash, bytes. */
export interface KeyedRows {
  readonly size: number;
  readonly key: number;
  readonly hash: number;
}

/** Finds the row of a key (bpf/flow.h `struct flow_key`): open addressing with linear probing over the rows' own bytes. */
export class KeyIndex {
  readonly #rows: DataView;
  readonly #layout: KeyedRows;
  /** Row + 1; 0 is free. */
  readonly #slots: Uint32Array;
  readonly #mask: number;
  /** Random, so that nobody can choose addresses and ports that all fall into one slot. */
  readonly #seed = randomBytes(4).readUInt32LE();

  constructor(rows: DataView, capacity: number, layout: KeyedRows) {
    this.#rows = rows;
    this.#layout = layout;
    const size = 2 ** Math.ceil(Math.log2(capacity * 2));
    this.#slots = new Uint32Array(size);
    this.#mask = size - 1;
  }

  hash(view: DataView, offset: number): number {
    let hash = this.#seed;
    for (let word = 0; word < WORDS; word += 1) {
      hash = Math.imul(hash ^ view.getUint32(offset + word * 4, true), 0x85ebca6b);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash, 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
  }

  find(view: DataView, offset: number, hash: number): number {
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const entry = this.#slots[slot] ?? 0;
      if (entry === 0) return NOT_FOUND;
      if (this.#matches(entry - 1, view, offset, hash)) return entry - 1;
    }
  }

  /** The row's key and hash are already written. */
  add(row: number): void {
    let slot = this.#home(row);
    while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = row + 1;
  }

  /** Closes the gap by moving later entries of the run back. */
  remove(row: number): void {
    let gap = this.#home(row);
    while (this.#slots[gap] !== row + 1) gap = (gap + 1) & this.#mask;
    for (let slot = (gap + 1) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const entry = this.#slots[slot] ?? 0;
      if (entry === 0) break;
      const home = this.#home(entry - 1);
      if (((slot - home) & this.#mask) < ((slot - gap) & this.#mask)) continue;
      this.#slots[gap] = entry;
      gap = slot;
    }
    this.#slots[gap] = 0;
  }

  #home(row: number): number {
    return this.#rows.getUint32(row * this.#layout.size + this.#layout.hash, true) & this.#mask;
  }

  #matches(row: number, view: DataView, offset: number, hash: number): boolean {
    const base = row * this.#layout.size;
    if (this.#rows.getUint32(base + this.#layout.hash, true) !== hash) return false;
    const key = base + this.#layout.key;
    for (let word = 0; word < WORDS; word += 1) {
      const at = word * 4;
      if (this.#rows.getUint32(key + at, true) !== view.getUint32(offset + at, true)) return false;
    }
    return true;
  }
}
