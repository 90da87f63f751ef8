import { extensions } from 'vscode';

const KUBERNETES_EXTENSION = 'ms-kubernetes-tools.vscode-kubernetes-tools';

/** A pod of the Kubernetes extension's tree, and the kubeconfig it uses (as KUBECONFIG has it; empty: unknown). */
export interface KubernetesTreePod {
  readonly namespace: string;
  readonly name: string;
  readonly kubeconfig: string;
}

/**
 * What a row of the Kubernetes extension's tree stands for; null when it is not a pod of that tree. Only name and
 * namespace of its rows are reliable. @throws Error where its kubeconfig lies inside WSL.
 */
export async function podOfKubernetesTree(target: unknown): Promise<KubernetesTreePod | null> {
  if (extensions.getExtension(KUBERNETES_EXTENSION) === undefined) return null;
  // Importing it starts that extension, and remembers if it was missing: only here, when it is there.
  // It is CommonJS, so what it exports is the default, here as in the bundle.
  const { default: kubernetes } = await import('vscode-kubernetes-tools-api');
  const explorer = await kubernetes.extension.clusterExplorer.v1_1;
  if (!explorer.available) return null;
  const node = explorer.api.resolveCommandTarget(target);
  if (node?.nodeType !== 'resource' || node.resourceKind.manifestKind !== 'Pod') return null;
  return {
    namespace: node.namespace,
    name: node.name,
    kubeconfig: await kubeconfigOf(kubernetes),
  };
}

async function kubeconfigOf(kubernetes: typeof import('vscode-kubernetes-tools-api')): Promise<string> {
  const configuration = await kubernetes.extension.configuration.v1_1;
  if (!configuration.available) return '';
  const path = configuration.api.getKubeconfigPath();
  if (path.pathType === 'host') return path.hostPath;
  throw new Error(
    `The Kubernetes extension uses a kubeconfig inside WSL (${path.wslPath}), which cannot be read from here. Open the folder in WSL, or set vethscope.kubeconfig.`,
  );
}
