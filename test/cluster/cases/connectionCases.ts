/** Connections that are open at once, each another way through the cluster. */
import type { Cluster } from '../cluster.ts';
import { addressOf } from '../cluster.ts';
import type { ClusterState } from './clusterState.ts';
import { HOST_PODS, HOST_PORTS, SHARED_TCP_PORT } from './hostPods.ts';
import { inContainer, onNode, OUTSIDE } from './place.ts';
import type { Place } from './place.ts';

export interface ConnectionCase {
  readonly name: string;
  readonly from: Place;
  readonly host: string;
  readonly port: number;
  /** What the case is about: the facts must come out so, else it tests something else. */
  readonly client: RegExp;
  readonly server: RegExp;
  /** What the client asked DNS for, where the server is outside. */
  readonly outsideName?: RegExp;
  /** The Service that is told by the name that was asked for, as it has no address of its own. */
  readonly service?: string;
  /** Opened before the session; what it carries afterwards counts. */
  readonly older?: true;
}

/** Where the node publishes web-a's port: see manifests/cases.yaml. */
const HOST_PORT = 18_088;

const CLIENT_A = inContainer('client-a', 'client');
const CLIENT_B = inContainer('client-b', 'client');
const WEB_B = inContainer('web-b', 'web');
const IS_CLIENT_A = /\/client-a\/client$/;
const IS_CLIENT_B = /\/client-b\/client$/;
const IS_WEB_A = /\/web-a\/web$/;
const IS_WEB_B = /\/web-b\/web$/;

export function connectionCases(
  cluster: Cluster,
  state: ClusterState,
  namespace: string,
): readonly ConnectionCase[] {
  const at = (pod: string): string => state.podNamed(namespace, pod).status.podIPs?.[0]?.ip ?? '';
  const { clusterIP: near = '' } = state.service(namespace, 'near').spec;
  const { clusterIP: far = '', ports: farPorts } = state.service(namespace, 'far').spec;
  const nodePort = farPorts?.[0]?.nodePort ?? 0;
  const [nodeA, nodeB] = [addressOf(cluster, 'node-a'), addressOf(cluster, 'node-b')];
  const outside = /^external /;
  const one = (
    name: string,
    from: Place,
    to: readonly [string, number],
    client: RegExp,
    server: RegExp,
  ): ConnectionCase => ({ name, from, host: to[0], port: to[1], client, server });
  const cases = [
    one('pod to pod on its node', CLIENT_A, [at('web-a'), 8080], IS_CLIENT_A, IS_WEB_A),
    one('pod to pod on the other node', CLIENT_A, [at('web-b'), 8080], IS_CLIENT_A, IS_WEB_B),
    one('pod to ClusterIP, backend on its node', CLIENT_A, [near, 80], IS_CLIENT_A, IS_WEB_A),
    one('pod to ClusterIP, backend on the other node', CLIENT_A, [far, 80], IS_CLIENT_A, IS_WEB_B),
    one('pod to ClusterIP by name', CLIENT_B, ['near', 80], IS_CLIENT_B, IS_WEB_A),
    one('pod to itself through its Service (hairpin)', WEB_B, [far, 80], IS_WEB_B, IS_WEB_B),
    {
      ...one('pod to a headless Service', CLIENT_A, ['headless', 8080], IS_CLIENT_A, IS_WEB_B),
      service: `${namespace}/headless`,
    },
    one('pod to NodePort of its node', CLIENT_A, [nodeA, nodePort], IS_CLIENT_A, IS_WEB_B),
    one('pod to NodePort of the other node', CLIENT_B, [nodeA, nodePort], IS_CLIENT_B, IS_WEB_B),
    one('outside to NodePort, backend on that node', OUTSIDE, [nodeB, nodePort], outside, IS_WEB_B),
    one('outside to NodePort, backend on the other node', OUTSIDE, [nodeA, nodePort], outside, IS_WEB_B),
    one('outside to hostPort', OUTSIDE, [nodeA, HOST_PORT], outside, IS_WEB_A),
    {
      ...one('pod to ExternalName', CLIENT_A, ['partner', OUTSIDE_PORT], IS_CLIENT_A, outside),
      outsideName: /^partner\./,
      service: `${namespace}/partner`,
    },
    {
      ...one('pod to outside by name', CLIENT_B, ['partner.example', OUTSIDE_PORT], IS_CLIENT_B, outside),
      outsideName: /^partner\.example$/,
    },
    one('host process to pod', onNode('node-a'), [at('web-b'), 8080], /^process socat$/, IS_WEB_B),
    one('host process to ClusterIP', onNode('node-a'), [near, 80], /^process socat$/, IS_WEB_A),
    one(
      'first of two containers to pod',
      inContainer('pair', 'front'),
      [at('web-b'), 8080],
      /\/pair\/front$/,
      IS_WEB_B,
    ),
    one(
      'second of two containers to pod',
      inContainer('pair', 'store'),
      [at('web-b'), 8080],
      /\/pair\/store$/,
      IS_WEB_B,
    ),
    one('pod to the first of two containers', CLIENT_B, [at('pair'), 8081], IS_CLIENT_B, /\/pair\/front$/),
    one('pod to the second of two containers', CLIENT_B, [at('pair'), 8082], IS_CLIENT_B, /\/pair\/store$/),
    one(
      'pod to two hostNetwork pods that share a TCP port',
      CLIENT_A,
      [nodeA, SHARED_TCP_PORT],
      IS_CLIENT_A,
      /\/shared-[12]\/agent$/,
    ),
  ];
  const ofHostPods = HOST_PODS.flatMap((pod) => {
    const isPod = new RegExp(`/${pod}/agent$`);
    return [
      one(
        `${pod} of three hostNetwork pods to pod`,
        inContainer(pod, 'agent'),
        [at('web-b'), 8080],
        isPod,
        IS_WEB_B,
      ),
      one(`pod to ${pod} of three hostNetwork pods`, CLIENT_B, [nodeA, HOST_PORTS[pod]], IS_CLIENT_B, isPod),
    ];
  });
  const older = [
    one('older than the session: pod to pod', CLIENT_A, [at('web-b'), 8080], IS_CLIENT_A, IS_WEB_B),
    one('older than the session: pod to ClusterIP', CLIENT_B, [near, 80], IS_CLIENT_B, IS_WEB_A),
    one(
      'older than the session: hostNetwork pod to pod',
      inContainer('host-2', 'agent'),
      [at('web-b'), 8080],
      /\/host-2\/agent$/,
      IS_WEB_B,
    ),
    one(
      'older than the session: pod to hostNetwork pod',
      CLIENT_B,
      [nodeA, HOST_PORTS['host-3']],
      IS_CLIENT_B,
      /\/host-3\/agent$/,
    ),
    one('older than the session: outside to NodePort', OUTSIDE, [nodeA, nodePort], outside, IS_WEB_B),
  ].map((each): ConnectionCase => ({ ...each, older: true }));
  const all = [...cases, ...ofHostPods, ...older];
  return all.filter(({ port }) => port !== HOST_PORT || hasHostPorts(cluster));
}

/** Beside kube-proxy Cilium publishes none. */
export function hasHostPorts({ shape, proxyMode }: Cluster): boolean {
  return shape !== 'cilium' || proxyMode === 'none';
}

/** Where an echo server listens on the host outside. */
export const OUTSIDE_PORT = 7_007;
