import { ThemeColor, ThemeIcon, TreeItem, TreeItemCollapsibleState } from 'vscode';
import type { Command } from 'vscode';
import type { TreeNode } from './treeNode.ts';
import { SHOW_LOG } from './treeNode.ts';

export interface Message {
  readonly tone: 'info' | 'warning' | 'error' | 'busy';
  readonly label: string;
  readonly description?: string;
  /** All of it; a click does what `command` says. */
  readonly tooltip?: string;
  readonly command?: Command;
}

const ICONS: Readonly<Record<Message['tone'], ThemeIcon>> = {
  info: new ThemeIcon('info'),
  warning: new ThemeIcon('warning', new ThemeColor('list.warningForeground')),
  error: new ThemeIcon('error', new ThemeColor('list.errorForeground')),
  busy: new ThemeIcon('loading~spin'),
};

/** A row that says something in place of rows that are not there. */
export class MessageNode implements TreeNode {
  readonly id: string;
  readonly parent: TreeNode | null;
  readonly #message: Message;

  constructor(parent: TreeNode | null, message: Message) {
    this.parent = parent;
    this.id = `${parent?.id ?? ''}/message/${message.label}`;
    this.#message = message;
  }

  item(): TreeItem {
    const { tone, label, description, tooltip, command } = this.#message;
    const item = new TreeItem(label, TreeItemCollapsibleState.None);
    item.id = this.id;
    item.iconPath = ICONS[tone];
    item.tooltip = tooltip ?? label;
    if (description !== undefined) item.description = description;
    if (command !== undefined) item.command = command;
    item.accessibilityInformation = { label: [tone, label, description].filter(Boolean).join(', ') };
    return item;
  }

  children(): readonly TreeNode[] {
    return [];
  }
}

/** The row of an error: its sentence, what to do, and a click that does it. */
export function problemNode(
  parent: TreeNode | null,
  error: unknown,
  command: Command = SHOW_LOG,
): MessageNode {
  const message = error instanceof Error ? error.message : String(error);
  const problem = problemOf(error);
  return new MessageNode(parent, {
    tone: 'error',
    label: problem?.what ?? message,
    description: problem?.next ?? command.title,
    tooltip: `${message}\n\nClick: ${command.title}`,
    command,
  });
}

/** The parts of a KubeError, without loading what it comes from. */
function problemOf(error: unknown): { readonly what: string; readonly next: string } | null {
  if (!(error instanceof Error) || !('problem' in error)) return null;
  return error.problem as { what: string; next: string };
}
