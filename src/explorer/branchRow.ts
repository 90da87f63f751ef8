import type { TreeItem } from 'vscode';
import type { UpdatableRow } from './keptRows.ts';
import type { NodesChanged, TreeNode } from './treeNode.ts';

/**
 * A row with rows below it. Those are brought up to date while it is open; what is closed keeps the newest data and costs
 * nothing more.
 */
export abstract class BranchRow<Data> implements UpdatableRow<Data> {
  readonly id: string;
  readonly parent: TreeNode;
  readonly #changed: NodesChanged;
  #data: Data;
  #look: string | null = null;
  /** Whether the view asked for the rows below, and whether it shows them. */
  #isAsked = false;
  #isOpen = false;

  protected constructor(parent: TreeNode, id: string, data: Data, changed: NodesChanged) {
    this.parent = parent;
    this.id = id;
    this.#data = data;
    this.#changed = changed;
  }

  item(): TreeItem {
    this.#look = this.look();
    return this.draw();
  }

  children(): readonly TreeNode[] {
    this.#isAsked = true;
    this.#isOpen = true;
    this.settle(this.#data);
    return this.rows;
  }

  update(data: Data): readonly TreeNode[] {
    this.#data = data;
    const differing = this.#isOpen ? this.settle(data) : [];
    // The view asks again for all below a row that is drawn again.
    return differing === null || (this.#look !== null && this.#look !== this.look()) ? [this] : differing;
  }

  setExpanded(expanded: boolean): void {
    this.#isOpen = expanded;
    if (!expanded || !this.#isAsked) return;
    const differing = this.settle(this.#data) ?? [this];
    if (differing.length > 0) this.#changed(differing);
  }

  /** The rows below, whether the view shows them or not. */
  settled(): readonly TreeNode[] {
    this.settle(this.#data);
    return this.rows;
  }

  protected get data(): Data {
    return this.#data;
  }

  /** All that the row itself shows. */
  protected abstract look(): string;
  protected abstract draw(): TreeItem;
  protected abstract get rows(): readonly TreeNode[];
  /** Brings the rows below up to date. @returns those that look different; null where there are others than before */
  protected abstract settle(data: Data): readonly TreeNode[] | null;
}
