import type { HostPod, PodReference } from '../../../src/model/topology.ts';
import type { FoundNamespace } from './processNamespaces.ts';
import type { NamespaceDump } from './readNamespace.ts';

/** Finds pods for namespaces; the inventory answers. */
export interface PodFinder {
  podByUid(uid: string): (PodReference & { readonly hostNetwork: boolean }) | null;
  /** The one pod that has this address now and is not on the host's network. */
  podByAddress(address: string): PodReference | null;
}

/** The pod whose processes, and no other's, live there. */
export function podByUid(found: FoundNamespace | undefined, pods: PodFinder): PodReference | null {
  const [uid, ...others] = found?.podUids.keys() ?? [];
  const pod = uid === undefined || others.length > 0 ? null : pods.podByUid(uid);
  return pod === null || pod.hostNetwork ? null : reference(pod);
}

/** The pods of the node's own network: their processes live in its namespace. */
export function hostPods(found: FoundNamespace | undefined, pods: PodFinder): HostPod[] {
  return [...(found?.podUids ?? [])].flatMap(([uid, process]) => {
    const pod = pods.podByUid(uid);
    return pod?.hostNetwork === true ? [{ ...reference(pod), process }] : [];
  });
}

/** Only for what is wired to the node: elsewhere on the machine another node may give its pods the same addresses. */
export function podByAddresses(dump: NamespaceDump, pods: PodFinder): PodReference | null {
  const found = new Map<string, PodReference>();
  for (const address of [...dump.addresses.values()].flat()) {
    const pod = pods.podByAddress(address.slice(0, address.lastIndexOf('/')));
    if (pod !== null) found.set(pod.uid, pod);
  }
  const [pod, ...others] = found.values();
  return pod === undefined || others.length > 0 ? null : reference(pod);
}

function reference({ namespace, name, uid }: PodReference): PodReference {
  return { namespace, name, uid };
}
