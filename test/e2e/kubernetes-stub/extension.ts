/**
 * The part of the Kubernetes extension that others build on: its tree of pods with its context values, and its API
 * broker. Like the original it knows a pod by name and namespace alone, read from kubectl's table.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as vscode from 'vscode';

const NODE_CATEGORY = 'kubernetes-explorer-node';

interface PodNode {
  readonly nodeCategory: typeof NODE_CATEGORY;
  readonly nodeType: 'resource';
  readonly name: string;
  readonly namespace: string;
}

class Explorer implements vscode.TreeDataProvider<PodNode> {
  getTreeItem(node: PodNode): vscode.TreeItem {
    const item = new vscode.TreeItem(node.name);
    item.contextValue = 'vsKubernetes.resource.pod';
    item.description = node.namespace;
    return item;
  }

  async getChildren(parent?: PodNode): Promise<PodNode[]> {
    if (parent) return [];
    // VS Code takes PATH from the login shell, so the cluster's kubectl is named by its path.
    const program = process.env.VETHSCOPE_KUBECTL ?? 'kubectl';
    const { stdout } = await promisify(execFile)(program, ['get', 'pods', '-A', '--no-headers']);
    return stdout
      .trim()
      .split('\n')
      .map((line) => {
        const [namespace = '', name = ''] = line.split(/\s+/);
        return { nodeCategory: NODE_CATEGORY, nodeType: 'resource', name, namespace };
      });
  }
}

interface ResolvedPod {
  readonly nodeType: 'resource';
  readonly name: string;
  readonly namespace: string;
  readonly resourceKind: { readonly manifestKind: 'Pod'; readonly abbreviation: 'pod' };
  readonly metadata: { readonly name: string; readonly namespace: string };
}

function resolveCommandTarget(target?: unknown): ResolvedPod | undefined {
  if (typeof target !== 'object' || target === null) return undefined;
  const node = target as Partial<PodNode>;
  if (node.nodeCategory !== NODE_CATEGORY || node.name === undefined || node.namespace === undefined) {
    return undefined;
  }
  return {
    nodeType: 'resource',
    name: node.name,
    namespace: node.namespace,
    resourceKind: { manifestKind: 'Pod', abbreviation: 'pod' },
    metadata: { name: node.name, namespace: node.namespace },
  };
}

export function activate(context: vscode.ExtensionContext): unknown {
  context.subscriptions.push(
    vscode.window.registerTreeDataProvider('extension.vsKubernetesExplorer', new Explorer()),
  );
  const changed = new vscode.EventEmitter<never>();
  context.subscriptions.push(changed);
  const available = (api: unknown): unknown => ({ available: true, api });
  const configuration = {
    getKubeconfigPath: () => ({ pathType: 'host', hostPath: process.env.KUBECONFIG ?? '' }),
    onDidChangeKubeconfigPath: changed.event,
    onDidChangeContext: changed.event,
    onDidChangeNamespace: changed.event,
  };
  return {
    apiVersion: '0.1',
    get: (component: string, version: string) => {
      if (component === 'clusterexplorer') return available({ resolveCommandTarget });
      if (component === 'configuration' && version === 'v1_1') return available(configuration);
      return { available: false, reason: 'version-unknown' };
    },
  };
}
