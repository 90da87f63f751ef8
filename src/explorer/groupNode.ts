import { ThemeIcon, TreeItem, TreeItemCollapsibleState } from 'vscode';
import { BranchRow } from './branchRow.ts';
import type { GroupName, InterfaceBranch, InterfaceGroup } from './interfaceGroups.ts';
import type { RowPlace } from './interfaceNode.ts';
import { InterfaceNode } from './interfaceNode.ts';
import { KeptRows } from './keptRows.ts';
import type { RowContext } from './rowContext.ts';
import type { TreeNode } from './treeNode.ts';
import { contextValue } from './treeNode.ts';

interface Look {
  readonly label: string;
  readonly icon: string;
  /** What observation points of such interfaces have in their names. */
  readonly points: string;
}

const LOOKS: Readonly<Record<GroupName, Look>> = {
  uplinks: { label: 'Uplinks', icon: 'globe', points: 'network' },
  bridges: { label: 'Bridges', icon: 'type-hierarchy-sub', points: 'bridge' },
  pods: { label: 'Pod Interfaces', icon: 'package', points: 'endpoint' },
  tunnels: { label: 'Tunnels', icon: 'arrow-swap', points: 'overlay' },
  host: { label: 'Host', icon: 'vm', points: 'host' },
};

/** Interfaces of a node that are for the same thing. */
export class GroupNode extends BranchRow<InterfaceGroup> {
  readonly context: RowContext;
  readonly #kept: KeptRows<InterfaceBranch, InterfaceNode>;

  constructor(parent: TreeNode, context: RowContext, group: InterfaceGroup) {
    super(parent, `${parent.id}/group/${group.name}`, group, context.changed);
    this.context = context;
    const place: RowPlace = { kind: group.name === 'pods' ? 'wires' : 'node' };
    this.#kept = new KeptRows<InterfaceBranch, InterfaceNode>({
      key: ({ of }) => of.ifindex,
      make: (branch) => new InterfaceNode(this, context, context.ownNamespace(), branch, place),
    });
  }

  /** What observation points of its interfaces have in their names. */
  get points(): string {
    return LOOKS[this.data.name].points;
  }

  get label(): string {
    return LOOKS[this.data.name].label;
  }

  /** Interfaces in it, ports not counted: those are in groups of their own. */
  get matching(): number {
    return this.data.interfaces.length;
  }

  protected override get rows(): readonly InterfaceNode[] {
    return this.#kept.all;
  }

  protected override look(): string {
    return String(this.data.interfaces.length);
  }

  protected override draw(): TreeItem {
    const { name } = this.data;
    const { label, icon } = LOOKS[name];
    const count = this.look();
    const collapsed = name === 'host' || name === 'tunnels';
    const item = new TreeItem(
      label,
      collapsed ? TreeItemCollapsibleState.Collapsed : TreeItemCollapsibleState.Expanded,
    );
    item.id = this.id;
    item.description = count;
    item.iconPath = new ThemeIcon(icon);
    item.contextValue = contextValue('group');
    item.accessibilityInformation = { label: `${label}, ${count} interfaces` };
    return item;
  }

  protected override settle({ interfaces }: InterfaceGroup): readonly TreeNode[] | null {
    return this.#kept.take(interfaces);
  }
}
