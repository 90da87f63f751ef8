import { env } from 'vscode';
import { FactNode } from '../explorer/factNode.ts';
import { GroupNode } from '../explorer/groupNode.ts';
import { InterfaceNode } from '../explorer/interfaceNode.ts';
import type { InterfacesTree } from '../explorer/interfacesTree.ts';
import { NodeNode } from '../explorer/nodeNode.ts';
import type { Copies, TreeNode } from '../explorer/treeNode.ts';
import type { InterfacePanels, ObservedNode } from '../panels/interfacePanels.ts';

/** The row that a command was called on: by its menu, else by a key, which does not tell. */
export function rowOf(target: unknown, tree: InterfacesTree): TreeNode | null {
  return isRow(target) ? target : tree.selected;
}

const isRow = (target: unknown): target is TreeNode =>
  typeof target === 'object' && target !== null && 'item' in target && 'children' in target;

/** Where a row is, and what the flow table is filtered by to show the flows of it; null for other rows. */
export function flowsOfRow(
  row: TreeNode | null,
): { readonly at: ObservedNode; readonly filter: string; readonly name: string } | null {
  if (row instanceof NodeNode) {
    return { at: { source: row.source, node: row.node }, filter: '', name: row.node };
  }
  if (row instanceof GroupNode) {
    return { at: row.context, filter: `point:${row.points}`, name: row.label };
  }
  if (row instanceof InterfaceNode) {
    return row.counted === null
      ? null
      : { at: row.context, filter: `interface:${row.counted}`, name: row.link.name };
  }
  if (row instanceof FactNode) {
    const wire = row.parent.parent;
    const counted = wire instanceof InterfaceNode ? wire.counted : null;
    const filter = [counted === null ? '' : `interface:${counted}`, row.words].filter(Boolean).join(' ');
    return { at: row.context, filter, name: row.label };
  }
  return null;
}

/** *Open Interface View* on a row of Node Interfaces. */
export function openInterface(row: TreeNode | null, interfaces: InterfacePanels): void {
  if (!(row instanceof InterfaceNode)) return;
  const { netns, context, link } = row;
  interfaces.show(context, { netns, ifindex: link.ifindex, name: link.name }, false);
}

/** *Copy …* on a row of Node Interfaces: its menu has an entry for what it has. */
export async function copyOfRow(row: TreeNode | null, what: keyof Copies): Promise<void> {
  const text = row?.copies?.[what] ?? (what === 'name' ? row?.copies?.text : undefined);
  if (text !== undefined) await env.clipboard.writeText(text);
}
