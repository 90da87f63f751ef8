/** Which groups a person opened, by key, so that it holds for groups that are not there yet and in the next session. */
export class OpenGroups {
  #others = false;
  #apart = new Set<string>();

  has(key: string): boolean {
    return this.#apart.has(key) !== this.#others;
  }

  set(key: string, open: boolean): void {
    if (open === this.#others) this.#apart.delete(key);
    else this.#apart.add(key);
  }

  /** All groups, also those to come. */
  setAll(open: boolean): void {
    this.#others = open;
    this.#apart = new Set();
  }
}
