import { ThemeIcon, TreeItem, TreeItemCollapsibleState } from 'vscode';
import type { UpdatableRow } from './keptRows.ts';
import type { Fact } from './podFacts.ts';
import type { RowContext } from './rowContext.ts';
import type { Copies, TreeNode } from './treeNode.ts';
import { contextValue } from './treeNode.ts';

const ICONS: Readonly<Record<Fact['kind'], string>> = {
  route: 'milestone',
  neighbour: 'device-desktop',
  socket: 'plug',
};

/** A route, a neighbour or a socket of a pod's namespace. */
export class FactNode implements UpdatableRow<Fact> {
  readonly id: string;
  readonly parent: TreeNode;
  readonly context: RowContext;
  #fact: Fact;

  constructor(parent: TreeNode, context: RowContext, fact: Fact) {
    this.parent = parent;
    this.context = context;
    this.id = `${parent.id}/${fact.key}`;
    this.#fact = fact;
  }

  get copies(): Copies {
    return this.#fact.copies;
  }

  get label(): string {
    return this.#fact.label;
  }

  /** Words that flows of it have; empty where it has none of its own. */
  get words(): string {
    return this.#fact.words;
  }

  update(fact: Fact): readonly TreeNode[] {
    const same = JSON.stringify(fact) === JSON.stringify(this.#fact);
    this.#fact = fact;
    return same ? [] : [this];
  }

  item(): TreeItem {
    const { kind, label, description } = this.#fact;
    const item = new TreeItem(label, TreeItemCollapsibleState.None);
    item.id = this.id;
    item.description = description;
    item.iconPath = new ThemeIcon(ICONS[kind]);
    item.contextValue = contextValue(kind, this.copies);
    item.accessibilityInformation = { label: `${kind} ${label}, ${description}` };
    return item;
  }

  /** Plain text: names in it are the cluster's. */
  tooltip(): string {
    return this.#fact.facts.map(([name, value]) => `${name}: ${value}`).join('\n');
  }

  children(): readonly TreeNode[] {
    return [];
  }
}
