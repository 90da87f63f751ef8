import { ThemeColor, ThemeIcon, TreeItem, TreeItemCollapsibleState } from 'vscode';
import { TREE_CONTEXT } from '../contributions.ts';
import { ROLE_WORDS } from '../model/roleWords.ts';
import type { InterfaceRole, InterfaceTopology } from '../model/topology.ts';
import type { Source } from '../session/types.ts';
import type { InterfaceBranch } from './interfaceGroups.ts';
import { interfaceDescription, interfaceFacts } from './interfaceText.ts';
import type { TreeNode } from './treeNode.ts';

const ICONS: Readonly<Record<InterfaceRole, string>> = {
  uplink: 'globe',
  bridge: 'type-hierarchy-sub',
  'pod-veth': 'package',
  tunnel: 'arrow-swap',
  loopback: 'sync',
  'host-veth': 'link',
  other: 'circuit-board',
};

/** One interface of a node; a bridge opens to its ports. */
export class InterfaceNode implements TreeNode {
  readonly id: string;
  readonly parent: TreeNode;
  readonly source: Source;
  readonly node: string;
  readonly #ports: readonly InterfaceNode[];
  #link: InterfaceTopology;

  constructor(parent: TreeNode, source: Source, node: string, branch: InterfaceBranch) {
    this.parent = parent;
    this.source = source;
    this.node = node;
    this.#link = branch.of;
    this.id = `${parent.id}/interface/${branch.of.ifindex}`;
    this.#ports = branch.ports.map((port) => new InterfaceNode(this, source, node, { of: port, ports: [] }));
  }

  get link(): InterfaceTopology {
    return this.#link;
  }

  /** Takes the interface as it is now, of the same index and with the same ports; returns the rows that look different. */
  update(branch: InterfaceBranch): readonly InterfaceNode[] {
    const before = shown(this.#link);
    this.#link = branch.of;
    const ports = this.#ports.flatMap((port, index) => {
      const link = branch.ports[index];
      return link === undefined ? [] : port.update({ of: link, ports: [] });
    });
    return before === shown(this.#link) ? ports : [this, ...ports];
  }

  item(): TreeItem {
    const { link } = this;
    const state =
      this.#ports.length === 0 ? TreeItemCollapsibleState.None : TreeItemCollapsibleState.Collapsed;
    const item = new TreeItem(link.name, state);
    item.id = this.id;
    item.description = interfaceDescription(link);
    // Green where packets are counted; the tooltip and the screen reader's words say the same.
    item.iconPath = new ThemeIcon(
      ICONS[link.role],
      link.attached ? new ThemeColor('charts.green') : undefined,
    );
    item.contextValue = link.pod === null ? TREE_CONTEXT.interface : TREE_CONTEXT.podInterface;
    const observed = link.attached ? 'observed' : 'not observed';
    item.accessibilityInformation = {
      label: `${ROLE_WORDS[link.role]} ${link.name}, ${item.description}, ${observed}`,
    };
    return item;
  }

  /** Plain text: names in it are the cluster's. */
  tooltip(): string {
    return [this.link.name, ...interfaceFacts(this.link).map(([name, value]) => `${name}: ${value}`)].join(
      '\n',
    );
  }

  children(): readonly TreeNode[] {
    return this.#ports;
  }
}

/** Everything a row shows; figures of traffic are only in the tooltip. */
function shown(link: InterfaceTopology): string {
  return JSON.stringify({ ...link, statistics: null });
}
