import type { FlowsQuestion } from '../model/panelMessages.ts';

/** The question in what a page kept; null when it holds none that fits. A page's state is not to be trusted. */
export function questionOf(kept: unknown): FlowsQuestion | null {
  const question = property(kept, 'question');
  const source = sourceOf(property(question, 'source'));
  const target = targetOf(property(question, 'target'));
  return source === null || target === null ? null : { source, target };
}

function sourceOf(source: unknown): FlowsQuestion['source'] | null {
  const kind = property(source, 'kind');
  const kubeconfig = property(source, 'kubeconfig');
  const context = property(source, 'context');
  const name = property(source, 'name');
  if (kind === 'cluster' && typeof kubeconfig === 'string' && typeof context === 'string') {
    return { kind, kubeconfig, context };
  }
  return kind === 'local' && typeof name === 'string' ? { kind, name } : null;
}

function targetOf(target: unknown): FlowsQuestion['target'] | null {
  const kind = property(target, 'kind');
  const namespace = property(target, 'namespace');
  const name = property(target, 'name');
  const node = property(target, 'node');
  if (kind === 'pod' && typeof namespace === 'string' && typeof name === 'string') {
    return { kind, namespace, name };
  }
  return kind === 'node' && typeof node === 'string' ? { kind, node } : null;
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
