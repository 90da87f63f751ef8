import type { Command, TreeItem } from 'vscode';

/** A row of Node Interfaces. Its id is unique in the tree and stays over refreshes. */
export interface TreeNode {
  readonly id: string;
  readonly parent: TreeNode | null;
  /** How the row looks now; without a tooltip when that is made on demand. */
  item(): TreeItem;
  /** The rows below, made once and kept until the node's own data change. */
  children(): Promise<readonly TreeNode[]> | readonly TreeNode[];
  /** A tooltip too dear to make for every row. */
  tooltip?(): TreeItem['tooltip'];
  /** The row was opened or closed. */
  setExpanded?(expanded: boolean): void;
  dispose?(): void;
}

/** Tells the view that a node changed: itself, and what is below it where `children` says so. */
export type NodeChanged = (node: TreeNode) => void;

export const SHOW_LOG: Command = { command: 'vethscope.showLog', title: 'Show Log' };
export const REFRESH: Command = { command: 'vethscope.refreshInterfaces', title: 'Refresh' };
