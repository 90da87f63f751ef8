/** Pods in the network of node-a: three with a port each, and two that share their ports by SO_REUSEPORT. */
import type { Cluster } from '../cluster.ts';
import { TOOLS_IMAGE } from '../images/names.ts';
import { applyManifest } from '../kubectl.ts';

/** Ports of the node, chosen so that nothing else of the cluster has them. */
export const HOST_PORTS = { 'host-1': 19_301, 'host-2': 19_302, 'host-3': 19_303 } as const;
export const HOST_PODS = Object.keys(HOST_PORTS) as (keyof typeof HOST_PORTS)[];
export const SHARING_PODS = ['shared-1', 'shared-2'] as const;
/** Taken by both pods that share: one way only, so that nobody's socket sends. */
export const SHARED_UDP_PORT = 19_400;
/** Likewise, but answered. */
export const SHARED_TCP_PORT = 19_401;

export async function openHostPods(cluster: Cluster, namespace: string): Promise<void> {
  const single = HOST_PODS.map((name) =>
    hostPod(namespace, name, `exec socat TCP-LISTEN:${HOST_PORTS[name]},fork,reuseaddr PIPE`),
  );
  const sharing = SHARING_PODS.map((name) =>
    hostPod(
      namespace,
      name,
      `socat -u UDP-RECV:${SHARED_UDP_PORT},reuseport OPEN:/dev/null &
       exec socat TCP-LISTEN:${SHARED_TCP_PORT},fork,reuseport PIPE`,
    ),
  );
  const items = [...single, ...sharing];
  await applyManifest(cluster, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
}

function hostPod(namespace: string, name: string, script: string): object {
  const container = { name: 'agent', image: TOOLS_IMAGE, imagePullPolicy: 'Never' };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { 'part-of': 'cases' } },
    spec: {
      nodeName: 'node-a',
      hostNetwork: true,
      dnsPolicy: 'ClusterFirstWithHostNet',
      serviceAccountName: 'cases',
      terminationGracePeriodSeconds: 0,
      containers: [{ ...container, command: ['sh', '-c', script] }],
    },
  };
}
