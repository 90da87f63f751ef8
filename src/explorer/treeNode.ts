import type { Command, TreeItem } from 'vscode';

/** What the entries *Copy …* take of a row; what a row does not have has no entry in its menu. */
export interface Copies {
  readonly name?: string;
  readonly mac?: string;
  readonly address?: string;
  readonly index?: string;
  /** All of the row, in words of the command line. */
  readonly text?: string;
}

/** A row of Node Interfaces. Its id is unique in the tree and stays over refreshes. */
export interface TreeNode {
  readonly id: string;
  readonly parent: TreeNode | null;
  readonly copies?: Copies;
  /** How the row looks now; without a tooltip when that is made on demand. */
  item(): TreeItem;
  /** The rows below, kept until the node's own data change. */
  children(): Promise<readonly TreeNode[]> | readonly TreeNode[];
  /** A tooltip too dear to make for every row. */
  tooltip?(): TreeItem['tooltip'];
  /** The row was opened or closed. */
  setExpanded?(expanded: boolean): void;
  dispose?(): void;
}

/** Tells the view of nodes that changed: themselves, and what is below them where `children` says so. */
export type NodesChanged = (nodes: readonly TreeNode[]) => void;

/** What menus ask of a row: what it is, and what it has. */
export function contextValue(kind: string, copies: Copies = {}, ...flags: readonly string[]): string {
  return [kind, ...flags, ...Object.keys(copies).map((copied) => `copy-${copied}`)].join(' ');
}

export const SHOW_LOG: Command = { command: 'vethscope.showLog', title: 'Show Log' };
export const REFRESH: Command = { command: 'vethscope.refreshInterfaces', title: 'Refresh' };
