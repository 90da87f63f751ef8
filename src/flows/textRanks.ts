/** Keeps texts ordered; new ones are merged in, so that a growing table is never sorted again as a whole. */
export class TextRanks {
  readonly #texts: string[] = [''];
  #ordered: number[] = [];
  #added = new Set<number>();
  #ranks = new Float64Array(1);

  set(id: number, text: string): void {
    if (this.#texts[id] !== undefined) this.#ordered = this.#ordered.filter((other) => other !== id);
    this.#texts[id] = text;
    this.#added.add(id);
  }

  all(): Float64Array {
    if (this.#added.size > 0) {
      this.#merge();
      this.#number();
    }
    return this.#ranks;
  }

  #before(a: number, b: number): boolean {
    return (this.#texts[a] ?? '') < (this.#texts[b] ?? '');
  }

  #merge(): void {
    const added = [...this.#added].sort((a, b) => (this.#before(a, b) ? -1 : this.#before(b, a) ? 1 : a - b));
    this.#added = new Set();
    const merged: number[] = [];
    let next = 0;
    for (const id of this.#ordered) {
      for (let candidate = added[next]; candidate !== undefined; candidate = added[++next]) {
        if (!this.#before(candidate, id)) break;
        merged.push(candidate);
      }
      merged.push(id);
    }
    for (; next < added.length; next++) merged.push(added[next] ?? 0);
    this.#ordered = merged;
  }

  #number(): void {
    this.#ranks = new Float64Array(this.#texts.length);
    let rank = 0;
    let previous: string | undefined;
    for (const id of this.#ordered) {
      const text = this.#texts[id];
      if (text !== previous) rank++;
      previous = text;
      this.#ranks[id] = rank;
    }
  }
}
