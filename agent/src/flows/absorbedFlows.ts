/** A flow that turned out to be part of another one. */
export interface AbsorbedFlow {
  /** Of the table, when that became known. */
  readonly sequence: number;
  /** Id that no update will have any more. */
  readonly id: number;
  /** Id of the flow that has its figures now. */
  readonly into: number;
}

/** Flows absorbed by others, in order, until every reader was told. */
export class AbsorbedFlows {
  #all: AbsorbedFlow[] = [];

  add(absorbed: AbsorbedFlow): void {
    this.#all.push(absorbed);
  }

  /** Those after a sequence, oldest first. */
  since(sequence: number): readonly AbsorbedFlow[] {
    let first = this.#all.length;
    while (first > 0 && (this.#all[first - 1]?.sequence ?? 0) > sequence) first -= 1;
    return this.#all.slice(first);
  }

  /** Forgets those up to a sequence, and tells which. */
  forget(sequence: number): readonly AbsorbedFlow[] {
    if ((this.#all[0]?.sequence ?? Infinity) > sequence) return [];
    const forgotten = this.#all.filter((absorbed) => absorbed.sequence <= sequence);
    this.#all = this.#all.slice(forgotten.length);
    return forgotten;
  }
}
