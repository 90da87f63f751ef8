import { EventEmitter, window, workspace } from 'vscode';
import type { Disposable, TreeDataProvider, TreeItem, TreeView } from 'vscode';
import { setContextKey } from '../contextKeys.ts';
import type { LocalTargetSetting } from '../contributions.ts';
import { INTERFACES_VIEW } from '../contributions.ts';
import { formatCount } from '../model/format.ts';
import type { PodReference } from '../model/topology.ts';
import { readSetting, requestTimeout } from '../settings.ts';
import type { Agent, Source } from '../session/types.ts';
import type { Clusters } from './clusters.ts';
import { ClusterNode, isContext } from './clusterNode.ts';
import { InterfaceFilter, NO_FILTER } from './interfaceFilter.ts';
import { problemNode } from './messageNode.ts';
import { NodeNode } from './nodeNode.ts';
import { ObservedDecoration } from './observedDecoration.ts';
import type { NodesChanged, TreeNode } from './treeNode.ts';
import { REFRESH } from './treeNode.ts';

/** What the tree reads of the sessions. */
export interface AgentSource {
  readonly agents: readonly Agent[];
  onAgentChange(listener: (agent: Agent) => void): Disposable;
}

/** Node Interfaces: contexts and local targets, their nodes, and the interfaces of those that are observed. */
export class InterfacesTree implements TreeDataProvider<TreeNode> {
  readonly #clusters: Clusters;
  readonly #source: AgentSource;
  readonly #changes = new EventEmitter<TreeNode[] | undefined>();
  readonly onDidChangeTreeData = this.#changes.event;
  readonly #view: TreeView<TreeNode>;
  readonly #subscriptions: readonly { dispose(): unknown }[];
  readonly #changed: NodesChanged = (nodes) => {
    this.#changes.fire([...nodes]);
    this.#tellFilter();
  };
  #filter = NO_FILTER;
  #roots: Promise<readonly TreeNode[]> | null = null;
  #nodes: readonly TreeNode[] = [];

  constructor(clusters: Clusters, source: AgentSource, viewId = INTERFACES_VIEW) {
    this.#clusters = clusters;
    this.#source = source;
    setContextKey('vethscope.clusterState', 'loading');
    this.#view = window.createTreeView(viewId, {
      treeDataProvider: this,
      showCollapseAll: true,
      canSelectMany: true,
    });
    this.#subscriptions = [
      this.#view,
      this.#changes,
      window.registerFileDecorationProvider(new ObservedDecoration()),
      this.#view.onDidExpandElement(({ element }) => this.#setExpanded(element, true)),
      this.#view.onDidCollapseElement(({ element }) => this.#setExpanded(element, false)),
      source.onAgentChange((agent) => this.#agentChanged(agent)),
      clusters.onDidChange(() => this.refresh()),
      workspace.onDidChangeConfiguration((change) => {
        const ours = ['vethscope.kubeconfig', 'vethscope.localTargets'];
        if (ours.some((setting) => change.affectsConfiguration(setting))) this.refresh();
      }),
    ];
  }

  /** The row that is selected, for commands that were not called on one. */
  get selected(): TreeNode | null {
    return this.#view.selection[0] ?? null;
  }

  /** What the rows of interfaces are filtered by. */
  get filter(): string {
    return this.#filter.text;
  }

  getTreeItem(node: TreeNode): TreeItem {
    return node.item();
  }

  resolveTreeItem(item: TreeItem, node: TreeNode): TreeItem {
    const tooltip = node.tooltip?.();
    if (tooltip !== undefined) item.tooltip = tooltip;
    return item;
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    this.#roots ??= this.#readRoots();
    const rows = [...(await (node === undefined ? this.#roots : node.children()))];
    if (node instanceof NodeNode) this.#tellFilter();
    return rows;
  }

  getParent(node: TreeNode): TreeNode | null {
    return node.parent;
  }

  /** Reads everything anew. */
  refresh(): void {
    this.#disposeNodes();
    this.#roots = null;
    this.#changes.fire(undefined);
  }

  /** Shows only interfaces in which all words of the text are found; all where it is empty. */
  setFilter(text: string): void {
    if (text.trim() === this.#filter.text) return;
    this.#filter = new InterfaceFilter(text);
    setContextKey('vethscope.interfacesFiltered', !this.#filter.isEmpty);
    for (const node of this.#nodeRows()) node.filterChanged();
    this.#tellFilter();
  }

  /** Opens what holds interfaces that pass the filter, on nodes that are open. */
  async openMatches(): Promise<void> {
    if (this.#filter.isEmpty) return;
    for (const row of this.#nodeRows().flatMap((node) => node.matches())) {
      await this.#view.reveal(row, { select: false, focus: false, expand: true });
    }
  }

  /** Selects the row of a pod's wire on an observed node. @returns false where there is no such row */
  async revealPod(source: Source, pod: Pick<PodReference, 'namespace' | 'name'>): Promise<boolean> {
    await this.getChildren();
    const found = (): TreeNode | undefined => {
      const nodes = this.#nodeRows().filter((node) => isSame(node.source, source));
      return nodes.map((node) => node.podRow(pod)).find((row) => row !== null) ?? undefined;
    };
    let row = found();
    if (row === undefined && !this.#filter.isEmpty) {
      this.setFilter('');
      row = found();
    }
    if (row === undefined) return false;
    await this.#view.reveal(row, { select: true, focus: true });
    return true;
  }

  dispose(): void {
    this.#disposeNodes();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #setExpanded(node: TreeNode, expanded: boolean): void {
    node.setExpanded?.(expanded);
    if (node instanceof NodeNode) this.#tellFilter();
  }

  /** Says above the tree what is left out, so that nobody takes a part for the whole. */
  #tellFilter(): void {
    const message = this.#filter.isEmpty ? '' : this.#filterText();
    if (this.#view.message !== message) this.#view.message = message;
  }

  #filterText(): string {
    const counts = this.#nodeRows().map((node) => node.counts);
    const sum = (of: 'shown' | 'all'): string =>
      formatCount(counts.reduce((total, count) => total + count[of], 0));
    return `Filter “${this.#filter.text}”: ${sum('shown')} of ${sum('all')} interfaces`;
  }

  #nodeRows(): readonly NodeNode[] {
    return this.#nodes.flatMap((node) => {
      if (node instanceof ClusterNode) return node.nodes;
      return node instanceof NodeNode ? [node] : [];
    });
  }

  async #readRoots(): Promise<readonly TreeNode[]> {
    const local = readSetting('vethscope.localTargets').map((target) => this.#localNode(target));
    try {
      const files = readSetting('vethscope.kubeconfig');
      const { contexts, currentContext } = await this.#clusters.kubeconfig(files);
      const names = contexts.map(({ name }) => name);
      const ordered = [...names].sort((a, b) => Number(b === currentContext) - Number(a === currentContext));
      const clusters = ordered.map((name) => this.#clusterNode(files, name, name === currentContext));
      this.#nodes = [...clusters, ...local];
    } catch (error) {
      this.#nodes = [problemNode(null, error, REFRESH), ...local];
    }
    setContextKey('vethscope.clusterState', this.#nodes.length === 0 ? 'none' : 'ready');
    return this.#nodes;
  }

  #clusterNode(files: string, context: string, current: boolean): ClusterNode {
    return new ClusterNode({
      context,
      current,
      connect: (onProgress) =>
        this.#clusters.connect(files, context, { timeoutMilliseconds: requestTimeout(), onProgress }),
      agents: () => this.#source.agents,
      changed: this.#changed,
      filter: () => this.#filter,
    });
  }

  #localNode(target: LocalTargetSetting): NodeNode {
    const options = {
      id: `local/${target.name}`,
      source: { kind: 'local', local: target } as const,
      node: target.name,
      changed: this.#changed,
      filter: () => this.#filter,
    };
    const node = new NodeNode(null, options, {
      description: target.recording === undefined ? 'this machine' : 'recorded session',
      tooltip: target.recording ?? target.netns ?? '',
      address: null,
      unsupported: null,
    });
    const agent = this.#localAgent(target.name);
    // The view asks for the whole list after this.
    if (agent !== null) node.setAgent(agent);
    return node;
  }

  #localAgent(name: string): Agent | null {
    const agent = this.#source.agents.find(
      ({ source }) => source.kind === 'local' && source.local.name === name,
    );
    return agent ?? null;
  }

  #agentChanged(agent: Agent): void {
    for (const node of this.#nodes) {
      if (node instanceof ClusterNode && isContext(agent.source, node.context)) node.agentChanged(agent);
      if (!(node instanceof NodeNode) || agent.source.kind !== 'local') continue;
      const { name } = agent.source.local;
      if (node.node === name) node.setAgent(this.#localAgent(name));
    }
  }

  #disposeNodes(): void {
    for (const node of this.#nodes) node.dispose?.();
    this.#nodes = [];
  }
}

function isSame(a: Source, b: Source): boolean {
  if (a.kind === 'local') return b.kind === 'local' && a.local.name === b.local.name;
  return b.kind === 'cluster' && a.cluster.key === b.cluster.key;
}
