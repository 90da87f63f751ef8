import type { PodNetwork } from '../../../src/model/podNetwork/networkStep.ts';
import { podNetwork, podsOfNode } from '../../../src/model/podNetwork/podNetwork.ts';
import type { PodReference, Topology } from '../../../src/model/topology.ts';
import { Failure } from '../failure.ts';

/** How a pod of the node got its network. @param asked its name, `namespace/name`, or uid */
export function networkOf(topology: Topology, asked: string): PodNetwork {
  const pods = podsOfNode(topology);
  const found = pods.filter((pod) => [pod.name, nameOf(pod), pod.uid].includes(asked));
  const [pod, ...others] = found;
  if (others.length > 0) {
    throw new Failure(
      `several pods are called ${asked}`,
      `Give the namespace too: ${found.map(nameOf).join(', ')}.`,
    );
  }
  const network = pod === undefined ? null : podNetwork(topology, pod.uid);
  if (network === null) {
    const known = pods.length === 0 ? 'No pod is known here' : `There are ${pods.map(nameOf).join(', ')}`;
    throw new Failure(
      `no pod ${asked} was found on this node`,
      `${known}; names come from --inventory, and the pod must run.`,
    );
  }
  return network;
}

const nameOf = ({ namespace, name }: PodReference): string => `${namespace}/${name}`;
