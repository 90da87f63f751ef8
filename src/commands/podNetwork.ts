import { window } from 'vscode';
import { InterfaceNode } from '../explorer/interfaceNode.ts';
import { podsOfNode } from '../model/podNetwork/podNetwork.ts';
import type { PodReference } from '../model/topology.ts';
import type { ObservedNode } from '../panels/interfacePanels.ts';
import { isObserving } from '../panels/interfacePanels.ts';
import type { Observations } from '../panels/observations.ts';
import type { PodNetworkPanels } from '../panels/podNetworkPanels.ts';

/** *How This Pod Got Its Network* on a pod's row, or from the palette. @param ask *Show Flows…*, which observes */
export async function showPodNetwork(
  target: unknown,
  observations: Observations,
  panels: PodNetworkPanels,
  ask: () => Promise<void>,
): Promise<void> {
  if (target instanceof InterfaceNode && target.pod !== null) {
    panels.show(target.context, target.pod);
    return;
  }
  const pods = observedPods(observations);
  if (pods.length === 0) {
    const observe = 'Show Flows…';
    const message =
      'No pod is known yet: its node must be observed. Choose a pod to observe, then ask again.';
    if ((await window.showInformationMessage(message, observe)) === observe) await ask();
    return;
  }
  const picked = await window.showQuickPick(pods, {
    title: 'How This Pod Got Its Network',
    placeHolder: 'Pod of an observed node',
    matchOnDescription: true,
  });
  if (picked !== undefined) panels.show(picked.at, picked.pod);
}

interface PodItem {
  readonly label: string;
  readonly description: string;
  readonly at: ObservedNode;
  readonly pod: PodReference;
}

function observedPods({ agents }: Observations): PodItem[] {
  return agents
    .filter(isObserving)
    .flatMap(({ source, node, topology }) =>
      topology === null ? [] : podsOfNode(topology).map((pod) => item({ source, node }, pod, topology.node)),
    );
}

/** Kubernetes names hold nothing that a label would take for an icon. */
function item(at: ObservedNode, pod: PodReference, node: string): PodItem {
  return { label: `$(package) ${pod.name}`, description: `${pod.namespace} · on ${node}`, at, pod };
}
