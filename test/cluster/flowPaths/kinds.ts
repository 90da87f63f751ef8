/** Every kind of conversation whose path is compared, of the pods and Services of manifests/cases.yaml. */
import { hasHostPorts, OUTSIDE_PORT } from '../cases/connectionCases.ts';
import type { ClusterState } from '../cases/clusterState.ts';
import { HOST_PORTS } from '../cases/hostPods.ts';
import { inContainer, onNode, OUTSIDE } from '../cases/place.ts';
import type { Place } from '../cases/place.ts';
import { addressOf } from '../cluster.ts';
import type { Cluster } from '../cluster.ts';

export interface PathKind {
  readonly name: string;
  readonly from: Place;
  readonly host: string;
  readonly port: number;
  /** Opened while the node does not know the backend's MAC. */
  readonly unconfirmed?: true;
}

/** Where node-a publishes web-a's port: see manifests/cases.yaml. */
const HOST_PORT = 18_088;

/** @param hasBridge whether each node has a bridge for its pods */
export function pathKinds(
  cluster: Cluster,
  state: ClusterState,
  namespace: string,
  hasBridge: boolean,
): readonly PathKind[] {
  const podAt = (pod: string): string => state.podNamed(namespace, pod).status.podIPs?.[0]?.ip ?? '';
  const { clusterIP: near = '' } = state.service(namespace, 'near').spec;
  const { clusterIP: far = '', ports } = state.service(namespace, 'far').spec;
  const nodePort = ports?.[0]?.nodePort ?? 0;
  const [nodeA, nodeB] = [addressOf(cluster, 'node-a'), addressOf(cluster, 'node-b')];
  const clientA = inContainer('client-a', 'client');
  const clientB = inContainer('client-b', 'client');
  const hostPod = inContainer('host-1', 'agent');
  const hostPodPort = HOST_PORTS['host-1'];
  const kind = (name: string, from: Place, host: string, port: number): PathKind => ({
    ...{ name, from, host, port },
  });
  const unconfirmed = (of: PathKind): PathKind => ({
    ...of,
    name: `${of.name}, the backend’s MAC not known`,
    unconfirmed: true,
  });
  const toNear = kind('pod to ClusterIP, backend on its node', clientA, near, 80);
  const hairpin = kind('pod to itself through its Service (hairpin)', inContainer('web-b', 'web'), far, 80);
  const all = [
    kind('pod to pod of its node', clientA, podAt('web-a'), 8080),
    kind('pod to pod of the other node', clientA, podAt('web-b'), 8080),
    kind('pod to pod of the other node, the other way', clientB, podAt('web-a'), 8080),
    toNear,
    kind('pod to ClusterIP, backend on the other node', clientA, far, 80),
    hairpin,
    kind('outside to NodePort, backend on that node', OUTSIDE, nodeB, nodePort),
    kind('outside to NodePort, backend on the other node', OUTSIDE, nodeA, nodePort),
    kind('pod to NodePort of its node, backend on the other node', clientA, nodeA, nodePort),
    kind('pod to NodePort of the other node, backend on its own', clientB, nodeA, nodePort),
    kind('outside to hostPort', OUTSIDE, nodeA, HOST_PORT),
    kind('outside to hostNetwork pod', OUTSIDE, nodeA, hostPodPort),
    kind('hostNetwork pod to pod of its node', hostPod, podAt('web-a'), 8080),
    kind('hostNetwork pod to pod of the other node', hostPod, podAt('web-b'), 8080),
    kind('hostNetwork pod to ClusterIP, backend on its node', hostPod, near, 80),
    kind('hostNetwork pod to ClusterIP, backend on the other node', hostPod, far, 80),
    kind('pod to hostNetwork pod of its node', clientA, nodeA, hostPodPort),
    kind('pod to hostNetwork pod of the other node', clientB, nodeA, hostPodPort),
    kind('process of a node to hostNetwork pod of it', onNode('node-a'), nodeA, hostPodPort),
    kind('pod to outside', clientA, addressOf(cluster, 'outside'), OUTSIDE_PORT),
    ...(hasBridge ? [unconfirmed(toNear), unconfirmed(hairpin)] : []),
  ];
  return all.filter(({ port }) => port !== HOST_PORT || hasHostPorts(cluster));
}

/** Of these a bridge sees nothing unless it is promiscuous. */
export function kindsOfOneBridge(kinds: readonly PathKind[]): readonly PathKind[] {
  const names = ['pod to pod of its node', 'pod to ClusterIP, backend on its node'];
  return kinds.filter(({ name }) => names.includes(name));
}
