import { EventEmitter, window, workspace } from 'vscode';
import type { Disposable, TreeDataProvider, TreeItem, TreeView } from 'vscode';
import { setContextKey } from '../contextKeys.ts';
import type { LocalTargetSetting } from '../contributions.ts';
import { INTERFACES_VIEW } from '../contributions.ts';
import { readSetting, requestTimeout } from '../settings.ts';
import type { Agent } from '../session/types.ts';
import type { Clusters } from './clusters.ts';
import { ClusterNode, isContext } from './clusterNode.ts';
import { problemNode } from './messageNode.ts';
import { NodeNode } from './nodeNode.ts';
import type { TreeNode } from './treeNode.ts';
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
  readonly #changes = new EventEmitter<TreeNode | undefined>();
  readonly onDidChangeTreeData = this.#changes.event;
  readonly #view: TreeView<TreeNode>;
  readonly #subscriptions: readonly { dispose(): unknown }[];
  #roots: Promise<readonly TreeNode[]> | null = null;
  #nodes: readonly TreeNode[] = [];

  constructor(clusters: Clusters, source: AgentSource) {
    this.#clusters = clusters;
    this.#source = source;
    setContextKey('vethscope.clusterState', 'loading');
    this.#view = window.createTreeView(INTERFACES_VIEW, {
      treeDataProvider: this,
      showCollapseAll: true,
      canSelectMany: false,
    });
    this.#subscriptions = [
      this.#view,
      this.#changes,
      this.#view.onDidExpandElement(({ element }) => element.setExpanded?.(true)),
      this.#view.onDidCollapseElement(({ element }) => element.setExpanded?.(false)),
      source.onAgentChange((agent) => this.#agentChanged(agent)),
      clusters.onDidChange(() => this.refresh()),
      workspace.onDidChangeConfiguration((change) => {
        const ours = ['vethscope.kubeconfig', 'vethscope.localTargets'];
        if (ours.some((setting) => change.affectsConfiguration(setting))) this.refresh();
      }),
    ];
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
    if (node !== undefined) return [...(await node.children())];
    this.#roots ??= this.#readRoots();
    return [...(await this.#roots)];
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

  dispose(): void {
    this.#disposeNodes();
    for (const subscription of this.#subscriptions) subscription.dispose();
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
      changed: (node) => this.#changes.fire(node),
    });
  }

  #localNode(target: LocalTargetSetting): NodeNode {
    const node = new NodeNode(null, `local/${target.name}`, { kind: 'local', local: target }, target.name, {
      description: target.recording === undefined ? 'this machine' : 'recorded session',
      tooltip: target.recording ?? target.netns ?? '',
      unsupported: null,
    });
    node.setAgent(this.#localAgent(target.name), () => {
      // The whole list is drawn after this.
    });
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
      if (node.node === name) node.setAgent(this.#localAgent(name), (changed) => this.#changes.fire(changed));
    }
  }

  #disposeNodes(): void {
    for (const node of this.#nodes) node.dispose?.();
    this.#nodes = [];
  }
}
