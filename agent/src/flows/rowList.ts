import { NONE, ROW, ROW_BYTES } from './flowRow.ts';

/** Rows in the order of their last change, linked through the rows themselves. */
export class RowList {
  readonly #rows: DataView;
  #oldest = NONE;
  #newest = NONE;

  constructor(rows: DataView) {
    this.#rows = rows;
  }

  get newest(): number {
    return this.#newest;
  }

  get oldest(): number {
    return this.#oldest;
  }

  append(row: number): void {
    this.#link(this.#newest, row);
    this.#setNewer(row, NONE);
    this.#newest = row;
    if (this.#oldest === NONE) this.#oldest = row;
  }

  remove(row: number): void {
    const older = this.#rows.getUint32(row * ROW_BYTES + ROW.older, true);
    const newer = this.#rows.getUint32(row * ROW_BYTES + ROW.newer, true);
    if (newer === NONE) this.#newest = older;
    if (older === NONE) this.#oldest = newer;
    if (older !== NONE) this.#setNewer(older, newer);
    if (newer !== NONE) this.#setOlder(newer, older);
  }

  moveToNewest(row: number): void {
    if (row === this.#newest) return;
    this.remove(row);
    this.append(row);
  }

  #link(older: number, newer: number): void {
    this.#setOlder(newer, older);
    if (older !== NONE) this.#setNewer(older, newer);
  }

  #setOlder(row: number, older: number): void {
    this.#rows.setUint32(row * ROW_BYTES + ROW.older, older, true);
  }

  #setNewer(row: number, newer: number): void {
    this.#rows.setUint32(row * ROW_BYTES + ROW.newer, newer, true);
  }
}
