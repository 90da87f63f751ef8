import { ThemeIcon, TreeItem, TreeItemCollapsibleState } from 'vscode';
import type { Source } from '../session/types.ts';
import type { GroupName, InterfaceGroup } from './interfaceGroups.ts';
import { InterfaceNode } from './interfaceNode.ts';
import type { TreeNode } from './treeNode.ts';

const LOOKS: Readonly<Record<GroupName, { readonly label: string; readonly icon: string }>> = {
  uplinks: { label: 'Uplinks', icon: 'globe' },
  bridges: { label: 'Bridges', icon: 'type-hierarchy-sub' },
  pods: { label: 'Pod Interfaces', icon: 'package' },
  tunnels: { label: 'Tunnels', icon: 'arrow-swap' },
  host: { label: 'Host', icon: 'vm' },
};

/** Interfaces of a node that are for the same thing. */
export class GroupNode implements TreeNode {
  readonly id: string;
  readonly parent: TreeNode;
  readonly interfaces: readonly InterfaceNode[];
  readonly #name: GroupName;

  constructor(parent: TreeNode, source: Source, node: string, group: InterfaceGroup) {
    this.parent = parent;
    this.id = `${parent.id}/group/${group.name}`;
    this.#name = group.name;
    this.interfaces = group.interfaces.map((branch) => new InterfaceNode(this, source, node, branch));
  }

  /** Takes a group with the same interfaces; returns the rows that look different. */
  update(group: InterfaceGroup): readonly InterfaceNode[] {
    return this.interfaces.flatMap((node, index) => {
      const branch = group.interfaces[index];
      return branch === undefined ? [] : node.update(branch);
    });
  }

  item(): TreeItem {
    const { label, icon } = LOOKS[this.#name];
    const collapsed = this.#name === 'host' || this.#name === 'tunnels';
    const item = new TreeItem(
      label,
      collapsed ? TreeItemCollapsibleState.Collapsed : TreeItemCollapsibleState.Expanded,
    );
    item.id = this.id;
    item.description = String(this.interfaces.length);
    item.iconPath = new ThemeIcon(icon);
    item.accessibilityInformation = { label: `${label}, ${this.interfaces.length} interfaces` };
    return item;
  }

  children(): readonly TreeNode[] {
    return this.interfaces;
  }
}
