import { nodeShape } from '../nodeShape.ts';
import type { PodReference, Topology } from '../topology.ts';
import { addressStep } from './addressStep.ts';
import { attachSteps } from './attachSteps.ts';
import { hostNetworkSteps } from './hostNetworkSteps.ts';
import type { NetworkStep, PodNetwork } from './networkStep.ts';
import { otherNodesStep } from './otherNodesStep.ts';
import type { PodWiring } from './podWiring.ts';
import { podWiring } from './podWiring.ts';
import { nodeRouteStep, podRoutesStep } from './routeSteps.ts';
import { upStep, wireSteps } from './wireSteps.ts';

const ORDER_NOTE =
  'The kernel keeps no history: the steps are told from what is there now, in their usual order. Plugins differ in it. What a step needs was there before it; beyond that the order is inferred.';

/** How a pod of the node got its network; null where the node's wiring has no such pod. */
export function podNetwork(topology: Topology, uid: string): PodNetwork | null {
  const own = topology.namespaces[0];
  const guest = topology.hostPods?.find((pod) => pod.uid === uid);
  if (own !== undefined && guest !== undefined) {
    const { namespace, name } = guest;
    return {
      node: topology.node,
      pod: { namespace, name, uid },
      hostNetwork: true,
      shape: topology.shape ?? nodeShape(own),
      steps: hostNetworkSteps(guest, own, topology.hostPods ?? []),
      notes: [],
    };
  }
  const wiring = podWiring(topology, uid);
  if (wiring === null) return null;
  return {
    node: topology.node,
    pod: wiring.pod,
    hostNetwork: false,
    shape: wiring.shape,
    steps: stepsOf(wiring),
    notes: [ORDER_NOTE],
  };
}

/** All pods of the node of which it can be told, by namespace and name. */
export function podsOfNode({ namespaces, hostPods = [] }: Topology): PodReference[] {
  const pods = [...namespaces.flatMap(({ pod }) => pod ?? []), ...hostPods];
  return pods
    .map(({ namespace, name, uid }) => ({ namespace, name, uid }))
    .sort((a, b) => `${a.namespace}/${a.name}`.localeCompare(`${b.namespace}/${b.name}`, 'en'));
}

/** Steps name only what this pod has: one that needs what nobody found needs nothing. */
function stepsOf(wiring: PodWiring): NetworkStep[] {
  const steps = [
    ...wireSteps(wiring),
    addressStep(wiring),
    upStep(wiring),
    ...attachSteps(wiring),
    podRoutesStep(wiring),
    ...(wiring.outside === null ? [] : [nodeRouteStep(wiring), otherNodesStep(wiring)]),
  ];
  const kinds = new Set(steps.map(({ kind }) => kind));
  return steps.map((step) => ({ ...step, needs: step.needs.filter((kind) => kinds.has(kind)) }));
}
