import type { Clusters } from '../explorer/clusters.ts';
import { InterfaceNode } from '../explorer/interfaceNode.ts';
import { NodeNode } from '../explorer/nodeNode.ts';
import { DEFAULT_FILTER } from '../flows/flowView.ts';
import type { PodReference } from '../model/topology.ts';
import type { FlowsPanels } from '../panels/flowsPanels.ts';
import type { Source } from '../session/types.ts';
import { readSetting } from '../settings.ts';
import { podOfKubernetesTree } from './kubernetesTree.ts';
import type { Observer } from './observe.ts';

export interface PodFlowsDependencies {
  readonly clusters: Clusters;
  readonly observer: Observer;
  readonly panels: FlowsPanels;
  /** What to do when the command was not called on a row: *Show Flows…*. */
  readonly ask: () => Promise<void>;
}

/** *Show Flows* on a row of our tree or of the Kubernetes extension's. @throws KubeError */
export async function showPodFlows(target: unknown, dependencies: PodFlowsDependencies): Promise<void> {
  const { clusters, observer, panels, ask } = dependencies;
  if (target instanceof NodeNode) {
    return observer.showFlows(panels, target.source, { kind: 'node', node: target.node });
  }
  if (target instanceof InterfaceNode && target.link.pod !== null) {
    return showPodOfInterface(target.source, target.node, target.link.pod, dependencies);
  }
  const pod = await podOfKubernetesTree(target);
  if (pod === null) return ask();
  const files = pod.kubeconfig === '' ? readSetting('vethscope.kubeconfig') : pod.kubeconfig;
  // Its tree shows the current context; the row itself does not tell.
  const { currentContext } = await clusters.kubeconfig(files);
  const cluster = await observer.connect(files, currentContext);
  const { namespace, name } = pod;
  return observer.showFlows(panels, { kind: 'cluster', cluster }, { kind: 'pod', namespace, name });
}

/** A local target is observed as a whole; the filter picks the pod. */
function showPodOfInterface(
  source: Source,
  node: string,
  { namespace, name }: PodReference,
  { observer, panels }: PodFlowsDependencies,
): Promise<void> {
  if (source.kind === 'cluster') return observer.showFlows(panels, source, { kind: 'pod', namespace, name });
  return showNodeFlows({ source, node }, { namespace, name }, observer, panels);
}

/** The flows of a node, filtered by a pod where there is one: the filter knows names of ends, not of interfaces. */
export function showNodeFlows(
  { source, node }: { readonly source: Source; readonly node: string },
  pod: Pick<PodReference, 'namespace' | 'name'> | null,
  observer: Observer,
  panels: FlowsPanels,
): Promise<void> {
  const filter = pod === null ? undefined : { ...DEFAULT_FILTER, text: `${pod.namespace}/${pod.name}` };
  return observer.showFlows(panels, source, { kind: 'node', node }, filter);
}
