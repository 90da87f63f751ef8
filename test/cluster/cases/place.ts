/** Where ends of connections are: a container of a pod, a process of a node, or the host outside. */
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { addressOf, kubeconfigOf, nodeNamespace, outsideNamespace } from '../cluster.ts';
import type { Cluster, NodeName } from '../cluster.ts';
import { spawnInNode } from '../inNode.ts';
import { kubectlProgram } from '../kubectl.ts';

export type Place =
  | { readonly kind: 'pod'; readonly pod: string; readonly container: string }
  | { readonly kind: 'node'; readonly node: NodeName }
  | { readonly kind: 'outside' };

export const inContainer = (pod: string, container: string): Place => ({ kind: 'pod', pod, container });
export const onNode = (node: NodeName): Place => ({ kind: 'node', node });
export const OUTSIDE: Place = { kind: 'outside' };

/** Starts a command at a place; the caller ends it. */
export function spawnAt(
  cluster: Cluster,
  namespace: string,
  place: Place,
  argv: readonly string[],
): ChildProcessWithoutNullStreams {
  if (place.kind === 'node') return spawnInNode(cluster, place.node, argv);
  if (place.kind === 'outside') {
    return spawn('ip', ['netns', 'exec', outsideNamespace(cluster.id), ...argv], { stdio: 'pipe' });
  }
  const exec = ['-n', namespace, 'exec', '-i', place.pod, '-c', place.container, '--', ...argv];
  return spawn(kubectlProgram(), [`--kubeconfig=${kubeconfigOf(cluster, 'admin')}`, ...exec], {
    stdio: 'pipe',
  });
}

/** Namespaces that are no pod's, by the addresses that they have in the fabric. */
export function namespaceOfMachine(cluster: Cluster, address: string): string | null {
  if (address === addressOf(cluster, 'outside')) return outsideNamespace(cluster.id);
  for (const node of ['node-a', 'node-b'] as const) {
    if (address === addressOf(cluster, node)) return nodeNamespace(cluster.id, node);
  }
  return null;
}
