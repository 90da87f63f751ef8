import { ThemeIcon, TreeItem, TreeItemCollapsibleState } from 'vscode';
import type { NamespaceTopology } from '../model/topology.ts';
import { FactNode } from './factNode.ts';
import type { UpdatableRow } from './keptRows.ts';
import { KeptRows } from './keptRows.ts';
import { MessageNode, problemNode } from './messageNode.ts';
import type { Fact } from './podFacts.ts';
import { socketFacts } from './podFacts.ts';
import type { RowContext } from './rowContext.ts';
import type { TreeNode } from './treeNode.ts';
import { contextValue } from './treeNode.ts';

/** Sockets come and go with every connection: they are asked for while they are shown, and no more often than this. */
const INTERVAL_MILLISECONDS = 4500;

/** The sockets of a pod's namespace, which the agent reads when it is asked. */
export class SocketsFolder implements UpdatableRow<NamespaceTopology> {
  readonly id: string;
  readonly parent: TreeNode;
  readonly #context: RowContext;
  readonly #kept: KeptRows<Fact, FactNode>;
  #netns: number;
  #isOpen = false;
  #problem: TreeNode | null = null;
  /** The first reading, which the view waits for. */
  #reading: Promise<boolean> | null = null;
  #readAt = -Infinity;

  constructor(parent: TreeNode, namespace: NamespaceTopology, context: RowContext) {
    this.parent = parent;
    this.id = `${parent.id}/sockets`;
    this.#context = context;
    this.#netns = namespace.inode;
    this.#kept = new KeptRows<Fact, FactNode>({
      key: ({ key }) => key,
      make: (fact) => new FactNode(this, context, fact),
    });
  }

  item(): TreeItem {
    const item = new TreeItem('Sockets', TreeItemCollapsibleState.Collapsed);
    const count = this.#reading === null || this.#problem !== null ? '' : String(this.#kept.all.length);
    item.id = this.id;
    item.description = count;
    item.iconPath = new ThemeIcon('plug');
    item.contextValue = contextValue('folder');
    item.accessibilityInformation = { label: ['Sockets', count].filter(Boolean).join(', ') };
    return item;
  }

  async children(): Promise<readonly TreeNode[]> {
    this.#isOpen = true;
    this.#reading ??= this.#read();
    await this.#reading;
    if (this.#problem !== null) return [this.#problem];
    const rows = this.#kept.all;
    return rows.length > 0 ? rows : [new MessageNode(this, { tone: 'info', label: 'No sockets' })];
  }

  /** The wiring was told anew: time to look again, while somebody does. */
  update({ inode }: NamespaceTopology): readonly TreeNode[] {
    this.#netns = inode;
    if (this.#isOpen) void this.#refresh();
    return [];
  }

  setExpanded(expanded: boolean): void {
    this.#isOpen = expanded;
    if (expanded && this.#reading !== null) void this.#refresh();
  }

  async #refresh(): Promise<void> {
    if (Date.now() - this.#readAt < INTERVAL_MILLISECONDS) return;
    if (await this.#read()) this.#context.changed([this]);
  }

  /** @returns whether there is something else to show; never rejects: what is wrong is shown in place of the sockets */
  async #read(): Promise<boolean> {
    this.#readAt = Date.now();
    const before = this.#problem?.id;
    try {
      const differing = this.#kept.take(socketFacts(await this.#context.readSockets(this.#netns)));
      this.#problem = null;
      if (differing !== null && before === undefined) {
        this.#context.changed(differing);
        return false;
      }
      return true;
    } catch (error) {
      this.#problem = problemNode(this, error);
      return this.#problem.id !== before;
    }
  }
}
