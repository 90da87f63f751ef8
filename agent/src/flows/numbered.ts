/** Values of a page: few, so that one value that stays keeps little beside it. */
const PAGE_BITS = 6;
const PAGE_VALUES = 1 << PAGE_BITS;

interface Page<T> {
  readonly values: (T | undefined)[];
  used: number;
}

/** Values by numbers that only grow: found in less than a map needs, and kept in less. */
export class Numbered<T extends object> {
  readonly #pages = new Map<number, Page<T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(number: number): T | undefined {
    return this.#pages.get(number >>> PAGE_BITS)?.values[number & (PAGE_VALUES - 1)];
  }

  /** @param number that has no value */
  add(number: number, value: T): void {
    const key = number >>> PAGE_BITS;
    let page = this.#pages.get(key);
    if (page === undefined) {
      page = { values: new Array<T | undefined>(PAGE_VALUES).fill(undefined), used: 0 };
      this.#pages.set(key, page);
    }
    page.values[number & (PAGE_VALUES - 1)] = value;
    page.used += 1;
    this.#size += 1;
  }

  /** @param number that has a value */
  delete(number: number): void {
    const key = number >>> PAGE_BITS;
    const page = this.#pages.get(key);
    if (page === undefined) return;
    page.values[number & (PAGE_VALUES - 1)] = undefined;
    page.used -= 1;
    this.#size -= 1;
    if (page.used === 0) this.#pages.delete(key);
  }
}
