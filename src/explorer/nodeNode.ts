import { ThemeColor, ThemeIcon, TreeItem, TreeItemCollapsibleState } from 'vscode';
import { TREE_CONTEXT } from '../contributions.ts';
import type { Topology } from '../model/topology.ts';
import type { Agent, Source } from '../session/types.ts';
import { GroupNode } from './groupNode.ts';
import type { InterfaceGroup } from './interfaceGroups.ts';
import { interfaceGroups } from './interfaceGroups.ts';
import { MessageNode } from './messageNode.ts';
import type { NodeChanged, TreeNode } from './treeNode.ts';

/** What the row of a node tells beside its name, from the cluster. */
export interface NodeFacts {
  readonly description: string;
  readonly tooltip: string;
  /** Why this node can never be observed; null when it can. */
  readonly unsupported: string | null;
}

/** A node of a cluster, or a namespace of this machine; opens to its interfaces once an agent tells of them. */
export class NodeNode implements TreeNode {
  readonly id: string;
  readonly parent: TreeNode | null;
  readonly source: Source;
  readonly node: string;
  #facts: NodeFacts;
  #agent: Agent | null = null;
  #topology: Topology | null = null;
  #groups: readonly GroupNode[] = [];
  #shape = shapeOf([]);

  constructor(parent: TreeNode | null, id: string, source: Source, node: string, facts: NodeFacts) {
    this.parent = parent;
    this.id = id;
    this.source = source;
    this.node = node;
    this.#facts = facts;
  }

  item(): TreeItem {
    const item = new TreeItem(this.node, TreeItemCollapsibleState.Collapsed);
    item.id = this.id;
    const agent = this.#liveAgent();
    item.description = agent === null ? this.#facts.description : agent.status;
    item.iconPath = nodeIcon(this.source, agent);
    item.tooltip = [this.node, this.#facts.tooltip, agent?.status].filter(Boolean).join('\n');
    if (agent !== null) item.contextValue = TREE_CONTEXT.observedNode;
    else if (this.#facts.unsupported === null) item.contextValue = TREE_CONTEXT.node;
    const observed = agent === null ? 'not observed' : agent.status;
    item.accessibilityInformation = { label: `node ${this.node}, ${observed}` };
    return item;
  }

  children(): readonly TreeNode[] {
    const agent = this.#liveAgent();
    if (this.#groups.length > 0 && agent !== null) return this.#groups;
    if (this.#facts.unsupported !== null) {
      return [new MessageNode(this, { tone: 'info', label: this.#facts.unsupported })];
    }
    if (agent !== null) return [new MessageNode(this, { tone: 'busy', label: agent.status })];
    const failed = this.#agent?.problem;
    if (failed !== null && failed !== undefined) {
      return [
        new MessageNode(this, {
          tone: 'error',
          label: failed.what,
          description: failed.next,
          tooltip: this.#agent?.status ?? failed.what,
          command: { command: 'vethscope.showLog', title: 'Show Log' },
        }),
      ];
    }
    return [
      new MessageNode(this, {
        tone: 'info',
        label: 'Not observed',
        description: 'Choose Observe Node to see its interfaces',
        command: { command: 'vethscope.observeNode', title: 'Observe Node', arguments: [this] },
      }),
    ];
  }

  /** Takes what is known of its agent now, and says what changed: single interfaces where only they did. */
  setAgent(agent: Agent | null, changed: NodeChanged): void {
    const rowBefore = this.#rowText();
    this.#agent = agent;
    const rowChanged = rowBefore !== this.#rowText();
    const differing = this.#setTopology(this.#liveAgent()?.topology ?? null);
    if (rowChanged || differing === null) changed(this);
    else for (const node of differing) changed(node);
  }

  setFacts(facts: NodeFacts, changed: NodeChanged): void {
    const same = JSON.stringify(facts) === JSON.stringify(this.#facts);
    this.#facts = facts;
    if (!same) changed(this);
  }

  /** The agent, while it observes or is about to. */
  #liveAgent(): Agent | null {
    const agent = this.#agent;
    return agent === null || agent.phase === 'stopped' || agent.phase === 'failed' ? null : agent;
  }

  /** Rows that look different; null when there are other rows than before. Rows that stay keep their objects. */
  #setTopology(topology: Topology | null): readonly TreeNode[] | null {
    if (topology === this.#topology) return [];
    this.#topology = topology;
    const groups = topology === null ? [] : interfaceGroups(topology);
    const shape = shapeOf(groups);
    if (shape === this.#shape) {
      return this.#groups.flatMap((node, index) => {
        const group = groups[index];
        return group === undefined ? [] : node.update(group);
      });
    }
    this.#shape = shape;
    this.#groups = groups.map((group) => new GroupNode(this, this.source, this.node, group));
    return null;
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

/** Which rows there are, whatever they show. */
function shapeOf(groups: readonly InterfaceGroup[]): string {
  return JSON.stringify(
    groups.map(({ name, interfaces }) => [
      name,
      interfaces.map(({ of, ports }) => [of.ifindex, ports.map(({ ifindex }) => ifindex)]),
    ]),
  );
}
