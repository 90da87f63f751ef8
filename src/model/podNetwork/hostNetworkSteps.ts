import { formatPlural } from '../format.ts';
import type { HostPod, NamespaceTopology } from '../topology.ts';
import type { NetworkStep } from './networkStep.ts';
import { finding, isLinkLocal, referenceTo } from './podWiring.ts';

/** Of a pod of the node's own network there was nothing to make. */
export function hostNetworkSteps(
  pod: HostPod,
  own: NamespaceTopology,
  all: readonly HostPod[],
): NetworkStep[] {
  const uplinks = own.interfaces.filter(({ role }) => role === 'uplink');
  const others = all.filter(({ uid }) => uid !== pod.uid);
  return [
    {
      kind: 'host-network',
      title: 'Nothing was made',
      sentence:
        'Its spec says hostNetwork: true, so the container runtime made no namespace and called no CNI plugin: its processes run in the node’s own.',
      commands: [],
      look: [
        `readlink /proc/${pod.process}/ns/net /proc/1/ns/net`,
        `nsenter --net=/proc/${pod.process}/ns/net ip addr`,
      ],
      findings: [
        finding('Namespace', `process ${pod.process} of the pod is in ${own.inode}, the node’s own`),
        ...uplinks.map((link) =>
          finding(
            'Address',
            `${link.addresses.find((address) => !isLinkLocal(address)) ?? 'none'} of ${link.name}, the node’s own`,
            referenceTo(own, link),
          ),
        ),
      ],
      inferred: null,
      needs: [],
      scope: 'pod',
    },
    {
      kind: 'host-network',
      title: 'What that means',
      sentence: `It shares interfaces, routes and ports with the node${others.length === 0 ? '' : ` and ${formatPlural(others.length, 'other pod')}`}: its address is theirs too, so only the socket tells whose a packet is, and no interface carries its traffic alone.`,
      commands: [],
      look: ['ss -tuanp --cgroup'],
      findings: others.map(({ namespace, name, process }) =>
        finding('Also there', `${namespace}/${name}, process ${process}`),
      ),
      inferred: null,
      needs: [],
      scope: 'pod',
    },
  ];
}
