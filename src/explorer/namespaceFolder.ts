import { ThemeIcon, TreeItem, TreeItemCollapsibleState } from 'vscode';
import type { NamespaceTopology } from '../model/topology.ts';
import { BranchRow } from './branchRow.ts';
import type { RowMaker, UpdatableRow } from './keptRows.ts';
import { KeptRows } from './keptRows.ts';
import type { NodesChanged, TreeNode } from './treeNode.ts';
import { contextValue } from './treeNode.ts';

/** One kind of what a namespace holds. */
export interface FolderContent<Data, Row> extends RowMaker<Data, Row> {
  readonly label: string;
  readonly icon: string;
  readonly list: (namespace: NamespaceTopology) => readonly Data[];
}

/** The row above what a pod's namespace holds of one kind. */
export class NamespaceFolder<Data, Row extends UpdatableRow<Data>> extends BranchRow<NamespaceTopology> {
  readonly #content: FolderContent<Data, Row>;
  readonly #kept: KeptRows<Data, Row>;

  constructor(
    parent: TreeNode,
    namespace: NamespaceTopology,
    changed: NodesChanged,
    content: (folder: TreeNode) => FolderContent<Data, Row>,
    name: string,
  ) {
    super(parent, `${parent.id}/${name}`, namespace, changed);
    this.#content = content(this);
    this.#kept = new KeptRows(this.#content);
  }

  protected override get rows(): readonly Row[] {
    return this.#kept.all;
  }

  protected override look(): string {
    return String(this.#content.list(this.data).length);
  }

  protected override draw(): TreeItem {
    const { label, icon } = this.#content;
    const count = this.look();
    const state = count === '0' ? TreeItemCollapsibleState.None : TreeItemCollapsibleState.Collapsed;
    const item = new TreeItem(label, state);
    item.id = this.id;
    item.description = count;
    item.iconPath = new ThemeIcon(icon);
    item.contextValue = contextValue('folder');
    item.accessibilityInformation = { label: `${label}, ${count}` };
    return item;
  }

  protected override settle(namespace: NamespaceTopology): readonly TreeNode[] | null {
    return this.#kept.take(this.#content.list(namespace));
  }
}
