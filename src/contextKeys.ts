import { commands } from 'vscode';
import type { ContextKey, ContextKeys } from './contributions.ts';

const set = new Map<ContextKey, unknown>();

/** Sets a context key, if it is not that already. */
export function setContextKey<K extends ContextKey>(key: K, value: ContextKeys[K]): void {
  if (set.get(key) === value) return;
  set.set(key, value);
  void commands.executeCommand('setContext', key, value);
}
