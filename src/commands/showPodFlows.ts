import type { Clusters } from '../explorer/clusters.ts';
import type { FlowsPanels } from '../panels/flowsPanels.ts';
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

/** *Show Flows* on a row of the Kubernetes extension's tree. @throws KubeError */
export async function showPodFlows(target: unknown, dependencies: PodFlowsDependencies): Promise<void> {
  const { clusters, observer, panels, ask } = dependencies;
  const pod = await podOfKubernetesTree(target);
  if (pod === null) return ask();
  const files = pod.kubeconfig === '' ? readSetting('vethscope.kubeconfig') : pod.kubeconfig;
  // Its tree shows the current context; the row itself does not tell.
  const { currentContext } = await clusters.kubeconfig(files);
  const cluster = await observer.connect(files, currentContext);
  const { namespace, name } = pod;
  return observer.showFlows(panels, { kind: 'cluster', cluster }, { kind: 'pod', namespace, name });
}
