import { ThemeIcon, TreeItem, TreeItemCollapsibleState } from 'vscode';
import { formatCount } from '../model/format.ts';
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
/** Those that wait for an end are listed last, and may be tens of thousands. */
const MOST_ROWS = 500;

/** The sockets of a pod's namespace, which the agent reads when it is asked. */
export class SocketsFolder implements UpdatableRow<NamespaceTopology> {
  readonly id: string;
  readonly parent: TreeNode;
  readonly #context: RowContext;
  readonly #kept: KeptRows<Fact, FactNode>;
  #netns: number;
  #isOpen = false;
  #count = 0;
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
    const count = this.#reading === null || this.#problem !== null ? '' : formatCount(this.#count);
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
    if (this.#count === 0) return [this.#message('No sockets')];
    const more = this.#count - rows.length;
    return more === 0 ? rows : [...rows, this.#message(`${formatCount(more)} more sockets`)];
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

  #message(label: string): MessageNode {
    return new MessageNode(this, { tone: 'info', label });
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
      const facts = socketFacts(await this.#context.readSockets(this.#netns));
      const differing = this.#kept.take(facts.slice(0, MOST_ROWS));
      const counted = this.#count;
      this.#count = facts.length;
      this.#problem = null;
      if (differing !== null && before === undefined && counted === facts.length) {
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
