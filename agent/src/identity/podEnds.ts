import type { Evidence } from '../../../src/model/endpoint.ts';
import { unknownEndpoint } from '../../../src/model/endpoint.ts';
import type { Pod } from '../../../src/model/inventory.ts';
import type { NamespaceTopology } from '../../../src/model/topology.ts';
import { canonicalAddress } from './address.ts';
import { evidenceOf, joinedEvidence, nameOf, only, podEndpoint, unlistedPod } from './endpoints.ts';
import type { Identity } from './identity.ts';
import type { IdentityCache } from './identityCache.ts';
import type { SocketClues, SocketOwners } from './socketOwners.ts';
import type { StoredPod } from './storedObjects.ts';

const BY_CGROUP = evidenceOf('cgroup');
const BY_ADDRESS = evidenceOf('pod-ip');

/** Names ends in pods with a network of their own: which container, and whether the sender is who the address says. */
export class PodEnds {
  readonly #owners: SocketOwners | null;
  /** Inode of its namespace by a pod's uid. */
  #namespaces = new Map<string, number>();

  readonly #cache: IdentityCache;

  constructor(owners: SocketOwners | null, cache: IdentityCache) {
    this.#owners = owners;
    this.#cache = cache;
  }

  setNamespaces(namespaces: readonly NamespaceTopology[]): void {
    this.#namespaces = new Map(
      namespaces.flatMap(({ pod, inode }) => (pod === null ? [] : [[pod.uid, inode] as const])),
    );
  }

  /** @param evidence that the address is this pod's */
  identify(
    pod: StoredPod,
    address: string,
    evidence: readonly Evidence[],
    clues: SocketClues | null,
  ): Identity {
    const identity = this.#of(pod, null, address, evidence);
    if (this.#owners === null || clues === null) return identity;
    // Containers of a pod may share a port; which one then is not known.
    if (clues.others.length > 0) return withoutContainer(identity);
    const sender = this.#owners.senderOf(clues.cgroup);
    if (sender === null) return this.#byTable(pod, identity, clues);
    if (sender.uid === pod.metadata.uid) {
      return this.#of(pod, sender.container, address, joinedEvidence(BY_CGROUP, evidence));
    }
    // The address has gone to another pod and the inventory comes late.
    if (sender.pod !== null && mayHave(sender.pod, address) && !evidence.includes('veth')) {
      return this.#of(sender.pod, sender.container, address, BY_CGROUP);
    }
    if (sender.pod === null && !this.#owners.isAlive(pod.metadata.uid)) {
      const candidates = [nameOf(pod)];
      return only({ ...unlistedPod(sender.uid, address, ['cgroup']), candidates });
    }
    // A proxy of the node may open sockets inside the pod: the pod's traffic, and none of its containers'.
    return withoutContainer(identity);
  }

  /** Of several pods with the address, the one that sent. */
  choose(pods: readonly StoredPod[], address: string, clues: SocketClues | null): Identity {
    const sender = clues === null ? null : (this.#owners?.senderOf(clues.cgroup) ?? null);
    const pod = pods.find(({ metadata }) => metadata.uid === sender?.uid);
    if (pod !== undefined) return this.identify(pod, address, BY_ADDRESS, clues);
    const candidates = pods.map(nameOf).sort();
    return only({ ...unknownEndpoint(address), kind: 'pod', evidence: ['pod-ip'], candidates });
  }

  /** The container that took what it did not answer, of several. */
  #byTable(pod: StoredPod, identity: Identity, clues: SocketClues): Identity {
    const { endpoint } = identity;
    const netns = this.#namespaces.get(pod.metadata.uid);
    if (this.#owners === null) return identity;
    if (endpoint.container !== null || netns === undefined) {
      return this.#owners.mayLearn(clues.cgroup) ? { ...identity, pending: true } : identity;
    }
    const { ownership, pending } = this.#owners.ownerOf(clues, netns, false);
    const [owner] = ownership?.owners ?? [];
    if (ownership?.certain !== true || owner?.kind !== 'pod' || owner.uid !== pod.metadata.uid) {
      return { ...identity, pending };
    }
    const evidence = joinedEvidence(ownership.evidence, endpoint.evidence);
    return { ...this.#of(pod, owner.container, endpoint.address, evidence), pending };
  }

  /** @param container that the evidence tells, null for none */
  #of(pod: StoredPod, container: string | null, address: string, evidence: readonly Evidence[]): Identity {
    return this.#cache.ofPod(pod, address, evidence, container, () => {
      const endpoint = podEndpoint(pod, address, evidence);
      return container === null ? endpoint : { ...endpoint, container };
    });
  }
}

/** The same pod's, as the same object each time. */
const WITHOUT_CONTAINER = new WeakMap<Identity, Identity>();

function withoutContainer(identity: Identity): Identity {
  if (identity.endpoint.container === null) return identity;
  let without = WITHOUT_CONTAINER.get(identity);
  if (without === undefined) {
    without = only({ ...identity.endpoint, container: null });
    WITHOUT_CONTAINER.set(identity, without);
  }
  return without;
}

/** Whether the pod has the address, or may have got it and not said so yet. */
function mayHave({ status }: Pod, address: string): boolean {
  const addresses = (status.podIPs ?? []).map(({ ip }) => canonicalAddress(ip));
  return addresses.length === 0 || addresses.includes(address);
}
