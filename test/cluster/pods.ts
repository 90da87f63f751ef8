/** Facts about pods that tests ask for. */
import type { Cluster, NodeName } from './cluster.ts';
import { inNode } from './inNode.ts';
import { kubectl } from './kubectl.ts';
import type { KubectlOptions } from './kubectl.ts';

export interface PodPlace {
  readonly node: NodeName;
  readonly address: string;
  readonly uid: string;
}

interface PodObject {
  readonly metadata: { readonly uid: string };
  readonly spec: { readonly nodeName: NodeName };
  readonly status: { readonly podIP: string };
}

export async function podPlace(cluster: Cluster, namespace: string, pod: string): Promise<PodPlace> {
  const found = JSON.parse(
    await kubectl(cluster, ['-n', namespace, 'get', 'pod', pod, '-o', 'json']),
  ) as PodObject;
  return { node: found.spec.nodeName, address: found.status.podIP, uid: found.metadata.uid };
}

/** Names of the namespace's pods that carry the label, such as `app=web`. */
export async function podNames(cluster: Cluster, namespace: string, label: string): Promise<string[]> {
  const listing = await kubectl(cluster, ['-n', namespace, 'get', 'pods', '-l', label, '-o', 'name']);
  return listing
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((name) => name.replace('pod/', ''));
}

/** Runs a command in a pod by kubectl exec. */
export const inPod = (
  cluster: Cluster,
  namespace: string,
  pod: string,
  argv: readonly string[],
  options?: KubectlOptions,
) => kubectl(cluster, ['-n', namespace, 'exec', pod, '--', ...argv], options);

/** The node's end of the pod's eth0. The pod's image must have cat. */
export async function podVeth(cluster: Cluster, namespace: string, pod: string): Promise<string> {
  const { node } = await podPlace(cluster, namespace, pod);
  const index = Number(await inPod(cluster, namespace, pod, ['cat', '/sys/class/net/eth0/iflink']));
  const links = JSON.parse(await inNode(cluster, node, ['ip', '-json', 'link'])) as {
    ifindex: number;
    ifname: string;
  }[];
  const found = links.find((link) => link.ifindex === index);
  if (found === undefined) {
    throw new Error(`${node} has no interface ${index}, the peer of eth0 in ${namespace}/${pod}`);
  }
  return found.ifname;
}

export async function waitForPods(cluster: Cluster, namespace: string, label: string): Promise<void> {
  const wait = ['wait', '--for=condition=Ready', 'pod', '-l', label, '--timeout=60s'];
  await kubectl(cluster, ['-n', namespace, ...wait], { timeout: 65_000 });
}
