import { ThemeColor, ThemeIcon, TreeItem, TreeItemCollapsibleState } from 'vscode';
import type { PodReference, SocketEntry, Topology } from '../model/topology.ts';
import type { Agent, Source } from '../session/types.ts';
import { GroupNode } from './groupNode.ts';
import type { InterfaceFilter } from './interfaceFilter.ts';
import type { InterfaceGroup } from './interfaceGroups.ts';
import { interfaceGroups } from './interfaceGroups.ts';
import { InterfaceNode } from './interfaceNode.ts';
import { InterfaceRates } from './interfaceRates.ts';
import { KeptRows } from './keptRows.ts';
import { MessageNode } from './messageNode.ts';
import type { RowContext } from './rowContext.ts';
import type { Copies, NodesChanged, TreeNode } from './treeNode.ts';
import { contextValue } from './treeNode.ts';

/** Bridges that a filter opens by itself. */
const MOST_OPENED = 4;

/** What the row of a node tells beside its name, from the cluster. */
export interface NodeFacts {
  readonly description: string;
  readonly tooltip: string;
  /** Null where it has none, or none that is known. */
  readonly address: string | null;
  /** Why this node can never be observed; null when it can. */
  readonly unsupported: string | null;
}

export interface NodeNodeOptions {
  readonly id: string;
  readonly source: Source;
  readonly node: string;
  readonly changed: NodesChanged;
  readonly filter: () => InterfaceFilter;
}

/**
 * A node of a cluster, or a namespace of this machine; opens to its interfaces once an agent tells of them. What the agent
 * tells is looked at while the node is open.
 */
export class NodeNode implements TreeNode {
  readonly parent: TreeNode | null;
  readonly #options: NodeNodeOptions;
  readonly #rates = new InterfaceRates();
  readonly #groups: KeptRows<InterfaceGroup, GroupNode>;
  #facts: NodeFacts;
  #agent: Agent | null = null;
  /** As the rows have it. */
  #topology: Topology | null = null;
  #filter: InterfaceFilter | null = null;
  #isAsked = false;
  #isOpen = false;

  constructor(parent: TreeNode | null, options: NodeNodeOptions, facts: NodeFacts) {
    this.parent = parent;
    this.#options = options;
    this.#facts = facts;
    const { source, node, changed } = options;
    const context: RowContext = {
      ...{ source, node, changed },
      ownNamespace: () => this.#topology?.namespaces[0]?.inode ?? 0,
      rates: (netns, ifindex) => this.#rates.of(netns, ifindex),
      readSockets: (netns) => this.#readSockets(netns),
    };
    this.#groups = new KeptRows<InterfaceGroup, GroupNode>({
      key: ({ name }) => name,
      make: (group) => new GroupNode(this, context, group),
    });
  }

  get id(): string {
    return this.#options.id;
  }

  get source(): Source {
    return this.#options.source;
  }

  get node(): string {
    return this.#options.node;
  }

  get copies(): Copies {
    const { address } = this.#facts;
    return { name: this.node, ...(address === null ? {} : { address }) };
  }

  /** Interfaces that the tree shows of it and that it has; none while nobody looks. */
  get counts(): { readonly shown: number; readonly all: number } {
    if (!this.#isOpen) return { shown: 0, all: 0 };
    const all = this.#topology?.namespaces[0]?.interfaces.length ?? 0;
    return { shown: this.#groups.all.reduce((sum, group) => sum + group.matching, 0), all };
  }

  item(): TreeItem {
    const item = new TreeItem(this.node, TreeItemCollapsibleState.Collapsed);
    item.id = this.id;
    const agent = this.#liveAgent();
    item.description = this.#description(agent);
    item.iconPath = nodeIcon(this.source, agent);
    item.tooltip = [this.node, this.#facts.tooltip, agent?.status].filter(Boolean).join('\n');
    const flags = agent !== null ? ['observed'] : this.#facts.unsupported === null ? ['observable'] : [];
    item.contextValue = contextValue('node', this.copies, ...flags);
    const observed = agent === null ? 'not observed' : agent.status;
    item.accessibilityInformation = { label: `node ${this.node}, ${observed}` };
    return item;
  }

  children(): readonly TreeNode[] {
    this.#isAsked = true;
    this.#isOpen = true;
    this.#settle();
    const groups = this.#groups.all;
    return groups.length > 0 ? groups : [this.#message()];
  }

  setExpanded(expanded: boolean): void {
    this.#isOpen = expanded;
    if (!expanded) this.#rates.forget();
    else if (this.#isAsked) this.#tell(false);
  }

  /** Takes what is known of its agent now. */
  setAgent(agent: Agent | null): void {
    const before = this.#rowText();
    this.#agent = agent;
    this.#tell(before !== this.#rowText());
  }

  setFacts(facts: NodeFacts): void {
    const same = JSON.stringify(facts) === JSON.stringify(this.#facts);
    this.#facts = facts;
    if (!same) this.#options.changed([this]);
  }

  /** The tree is filtered by something else now. */
  filterChanged(): void {
    this.#tell(false);
  }

  /** The row of a pod's wire among the pods' interfaces; null where there is none. */
  podRow({ namespace, name }: Pick<PodReference, 'namespace' | 'name'>): InterfaceNode | null {
    return this.#interface('endpoint', ({ pod }) => pod?.namespace === namespace && pod.name === name);
  }

  /** Rows to open so that all interfaces that pass the filter are seen; a few, none while nobody looks. */
  matches(): readonly TreeNode[] {
    if (!this.#isOpen) return [];
    return this.#groups.all.flatMap((group) => {
      const bridges = group.settled().filter((row) => row instanceof InterfaceNode && row.hasPorts);
      return [group, ...bridges.slice(0, MOST_OPENED)];
    });
  }

  #interface(points: string, is: (row: InterfaceNode) => boolean): InterfaceNode | null {
    this.#settle();
    const group = this.#groups.all.find((candidate) => candidate.points === points);
    const rows = group?.settled() ?? [];
    return rows.find((row): row is InterfaceNode => row instanceof InterfaceNode && is(row)) ?? null;
  }

  /** Tells the view what looks different: single interfaces where only they do. */
  #tell(rowChanged: boolean): void {
    const differing = this.#isOpen ? this.#settle() : [];
    if (rowChanged || differing === null) this.#options.changed([this]);
    else if (differing.length > 0) this.#options.changed(differing);
  }

  /** The agent, while it observes or is about to. */
  #liveAgent(): Agent | null {
    const agent = this.#agent;
    return agent === null || agent.phase === 'stopped' || agent.phase === 'failed' ? null : agent;
  }

  /** Rows that look different; null when there are other rows than before. Rows that stay keep their objects. */
  #settle(): readonly TreeNode[] | null {
    const topology = this.#liveAgent()?.topology ?? null;
    const filter = this.#options.filter();
    if (topology === this.#topology && filter === this.#filter) return [];
    if (topology !== null && topology !== this.#topology) this.#rates.take(topology, Date.now());
    this.#topology = topology;
    this.#filter = filter;
    return this.#groups.take(topology === null ? [] : interfaceGroups(topology, filter));
  }

  /** What is said in place of the interfaces. */
  #message(): MessageNode {
    if (this.#facts.unsupported !== null) {
      return new MessageNode(this, { tone: 'info', label: this.#facts.unsupported });
    }
    const agent = this.#liveAgent();
    if (agent !== null) {
      const filtered = this.#topology !== null && this.#filter?.isEmpty === false;
      return filtered
        ? new MessageNode(this, {
            tone: 'info',
            label: 'No interface matches the filter',
            description: 'Click to clear it',
            command: { command: 'vethscope.clearInterfacesFilter', title: 'Clear Filter' },
          })
        : new MessageNode(this, { tone: 'busy', label: agent.status });
    }
    const failed = this.#agent?.problem;
    if (failed !== null && failed !== undefined) {
      return new MessageNode(this, {
        tone: 'error',
        label: failed.what,
        description: failed.next,
        tooltip: this.#agent?.status ?? failed.what,
        command: { command: 'vethscope.showLog', title: 'Show Log' },
      });
    }
    return new MessageNode(this, {
      tone: 'info',
      label: 'Not observed',
      description: 'Choose Observe Node to see its interfaces',
      command: { command: 'vethscope.observeNode', title: 'Observe Node', arguments: [this] },
    });
  }

  #readSockets(netns: number): Promise<readonly SocketEntry[]> {
    const agent = this.#liveAgent();
    if (agent === null) throw new Error(`${this.node} is not observed any more`);
    return agent.sockets(netns);
  }

  #description(agent: Agent | null): string {
    if (agent === null) return this.#facts.description;
    // What is as it should be is said in few words.
    const running = ['observed', this.#facts.address ?? ''].filter(Boolean).join(' · ');
    return agent.phase === 'running' ? running : agent.status;
  }

  #rowText(): string {
    return `${this.#agent?.phase} ${this.#agent?.status}`;
  }
}

function nodeIcon(source: Source, agent: Agent | null): ThemeIcon {
  const icon = source.kind === 'local' ? 'vm' : 'server';
  switch (agent?.phase) {
    case 'running':
      return new ThemeIcon(icon, new ThemeColor('charts.green'));
    case 'deploying':
    case 'connecting':
    case 'reconnecting':
      return new ThemeIcon('loading~spin');
    default:
      return new ThemeIcon(icon);
  }
}
