import type { TreeNode } from './treeNode.ts';

/** A row that takes other data for the same thing. */
export interface UpdatableRow<Data> extends TreeNode {
  /** @returns the rows that look different: itself, or some below it */
  update(data: Data): readonly TreeNode[];
}

export interface RowMaker<Data, Row> {
  /** What stays the same of the thing that a row is for. */
  readonly key: (data: Data) => string | number;
  readonly make: (data: Data) => Row;
}

/** The rows below a row: each stays the same object as long as there is what it is for. */
export class KeptRows<Data, Row extends UpdatableRow<Data>> {
  readonly #maker: RowMaker<Data, Row>;
  #rows = new Map<string | number, Row>();

  constructor(maker: RowMaker<Data, Row>) {
    this.#maker = maker;
  }

  get all(): readonly Row[] {
    return [...this.#rows.values()];
  }

  /** @returns the rows that look different; null where there are others than before, or in another order */
  take(data: readonly Data[]): readonly TreeNode[] | null {
    const before = [...this.#rows.keys()];
    const differing: TreeNode[] = [];
    const rows = new Map<string | number, Row>();
    for (const one of data) {
      const key = this.#maker.key(one);
      const known = this.#rows.get(key);
      if (known !== undefined) differing.push(...known.update(one));
      rows.set(key, known ?? this.#maker.make(one));
    }
    this.#rows = rows;
    const keys = [...rows.keys()];
    const same = keys.length === before.length && keys.every((key, place) => key === before[place]);
    return same ? differing : null;
  }
}
