import type { Endpoint, Evidence } from '../../../src/model/endpoint.ts';
import type { Pod } from '../../../src/model/inventory.ts';
import { only } from './endpoints.ts';
import type { Identity } from './identity.ts';

const MOST_ADDRESSES = 4096;

interface PodIdentity {
  readonly address: string;
  readonly evidence: readonly Evidence[];
  readonly container: string | null;
  readonly identity: Identity;
}

/**
 * What was said before of a pod or an address, as the very same object: most new flows are between the same ends, and
 * whoever refers to endpoints knows them again. An object of the inventory that changes is another one.
 */
export class IdentityCache {
  readonly #pods = new WeakMap<Pod, PodIdentity[]>();
  readonly #addresses = new Map<string, Identity>();

  /** @param evidence one of few constant arrays @param container that the evidence tells, null for none */
  ofPod(
    pod: Pod,
    address: string,
    evidence: readonly Evidence[],
    container: string | null,
    make: () => Endpoint,
  ): Identity {
    let known = this.#pods.get(pod);
    if (known === undefined) this.#pods.set(pod, (known = []));
    for (const one of known) {
      const isSame = one.address === address && one.evidence === evidence && one.container === container;
      if (isSame) return one.identity;
    }
    const identity = only(make());
    known.push({ address, evidence, container, identity });
    return identity;
  }

  ofAddress(address: string, make: () => Endpoint): Identity {
    const known = this.#addresses.get(address);
    if (known !== undefined) return known;
    if (this.#addresses.size >= MOST_ADDRESSES) this.#addresses.clear();
    const identity = only(make());
    this.#addresses.set(address, identity);
    return identity;
  }

  /** Of addresses, not of pods: ranges of the node and the cluster changed. */
  forgetAddresses(): void {
    this.#addresses.clear();
  }
}
