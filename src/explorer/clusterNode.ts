import { ThemeIcon, TreeItem, TreeItemCollapsibleState } from 'vscode';
import type { Cluster, InventoryHold } from '../kube/cluster.ts';
import type { Node } from '../model/inventory.ts';
import type { Agent } from '../session/types.ts';
import type { NodeFacts } from './nodeNode.ts';
import { NodeNode } from './nodeNode.ts';
import { MessageNode, problemNode } from './messageNode.ts';
import type { InterfaceFilter } from './interfaceFilter.ts';
import type { Copies, NodesChanged, TreeNode } from './treeNode.ts';
import { contextValue, REFRESH } from './treeNode.ts';

export interface ClusterNodeOptions {
  readonly context: string;
  readonly current: boolean;
  /** Connects, telling of credential plugins meanwhile. @throws KubeError */
  readonly connect: (onProgress: (message: string | null) => void) => Promise<Cluster>;
  /** Agents that are known now. */
  readonly agents: () => readonly Agent[];
  readonly changed: NodesChanged;
  readonly filter: () => InterfaceFilter;
}

/** One context of the kubeconfig. It is connected when it is opened, and its nodes are watched while it is open. */
export class ClusterNode implements TreeNode {
  readonly id: string;
  readonly parent = null;
  readonly #options: ClusterNodeOptions;
  readonly #nodes = new Map<string, NodeNode>();
  #hold: InventoryHold | null = null;
  #subscriptions: { dispose(): void }[] = [];
  #progress: string | null = null;
  #open: Promise<readonly TreeNode[]> | null = null;

  constructor(options: ClusterNodeOptions) {
    this.#options = options;
    this.id = `context/${options.context}`;
  }

  get context(): string {
    return this.#options.context;
  }

  get copies(): Copies {
    return { name: this.context };
  }

  /** Those that are known now. */
  get nodes(): readonly NodeNode[] {
    return [...this.#nodes.values()];
  }

  item(): TreeItem {
    const { context, current } = this.#options;
    const state = current ? TreeItemCollapsibleState.Expanded : TreeItemCollapsibleState.Collapsed;
    const item = new TreeItem(context, state);
    item.id = this.id;
    item.iconPath = new ThemeIcon('server-environment');
    item.contextValue = contextValue('cluster', this.copies);
    item.description = this.#progress ?? (current ? 'current' : '');
    item.tooltip = `Context ${context}`;
    item.accessibilityInformation = { label: `cluster ${context}, ${item.description}` };
    return item;
  }

  children(): Promise<readonly TreeNode[]> {
    this.#open ??= this.#connect();
    return this.#open;
  }

  setExpanded(expanded: boolean): void {
    if (!expanded) this.dispose();
    else if (this.#hold === null && this.#open === null) this.#options.changed([this]);
  }

  /** Lets the node of an agent take what is known of it now. */
  agentChanged(agent: Agent): void {
    const node = this.#nodes.get(agent.node);
    node?.setAgent(this.#agentOf(agent.node));
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#subscriptions = [];
    this.#hold?.dispose();
    this.#hold = null;
    this.#open = null;
  }

  async #connect(): Promise<readonly TreeNode[]> {
    try {
      const cluster = await this.#options.connect((message) => this.#setProgress(message));
      // Closed again meanwhile: nobody looks.
      if (this.#open === null) return [];
      const hold = cluster.holdInventory();
      this.#hold = hold;
      await hold.inventory.synced;
      if (this.#hold !== hold) return [];
      this.#subscriptions = [
        hold.inventory.onChange(() => this.#inventoryChanged(cluster)),
        hold.inventory.onProblems(() => this.#redraw()),
      ];
      this.#takeNodes(cluster, hold.inventory.nodes());
      return this.#rows();
    } catch (error) {
      this.dispose();
      return [problemNode(this, error, REFRESH)];
    } finally {
      this.#setProgress(null);
    }
  }

  #setProgress(message: string | null): void {
    if (this.#progress === message) return;
    this.#progress = message;
    this.#options.changed([this]);
  }

  #inventoryChanged(cluster: Cluster): void {
    const nodes = this.#hold?.inventory.nodes() ?? [];
    if (this.#takeNodes(cluster, nodes)) this.#redraw();
  }

  #redraw(): void {
    this.#open = Promise.resolve(this.#rows());
    this.#options.changed([this]);
  }

  /** True when there are other nodes than before. */
  #takeNodes(cluster: Cluster, nodes: readonly Node[]): boolean {
    const before = [...this.#nodes.keys()].join('\n');
    const names = new Set(nodes.map(({ metadata }) => metadata.name));
    for (const name of this.#nodes.keys()) if (!names.has(name)) this.#nodes.delete(name);
    for (const node of nodes) this.#takeNode(cluster, node);
    return before !== [...this.#nodes.keys()].join('\n');
  }

  #takeNode(cluster: Cluster, node: Node): void {
    const { name } = node.metadata;
    const known = this.#nodes.get(name);
    if (known !== undefined) {
      known.setFacts(factsOf(node));
      return;
    }
    const source = { kind: 'cluster', cluster } as const;
    const { changed, filter } = this.#options;
    const id = `${this.id}/node/${name}`;
    const added = new NodeNode(this, { id, source, node: name, changed, filter }, factsOf(node));
    added.setAgent(this.#agentOf(name));
    this.#nodes.set(name, added);
  }

  #rows(): readonly TreeNode[] {
    const problems = (this.#hold?.inventory.problems ?? []).map(
      ({ resource, problem }) =>
        new MessageNode(this, {
          tone: 'warning',
          label: `${resource}: ${problem.what}`,
          description: problem.next,
          tooltip: `${problem.what}\n${problem.where}\n${problem.why}\n${problem.next}`,
          command: { command: 'vethscope.showLog', title: 'Show Log' },
        }),
    );
    return [...this.#nodes.values(), ...problems];
  }

  #agentOf(node: string): Agent | null {
    const { context } = this.#options;
    const ours = this.#options
      .agents()
      .find(({ source, node: name }) => isContext(source, context) && name === node);
    return ours ?? null;
  }
}

export function isContext(source: Agent['source'], context: string): boolean {
  return source.kind === 'cluster' && source.cluster.context === context;
}

function factsOf({ metadata, status }: Node): NodeFacts {
  const address = status.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '';
  const { operatingSystem = 'linux', kernelVersion = '', architecture = '' } = status.nodeInfo ?? {};
  const system = [operatingSystem, architecture, kernelVersion].filter(Boolean).join(' ');
  return {
    description: address,
    address: address === '' ? null : address,
    tooltip: [address, system, `uid ${metadata.uid}`].filter(Boolean).join('\n'),
    unsupported: operatingSystem === 'linux' ? null : `A ${operatingSystem} node cannot be observed`,
  };
}
