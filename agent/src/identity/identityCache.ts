import type { Endpoint, Evidence } from '../../../src/model/endpoint.ts';
import type { Pod } from '../../../src/model/inventory.ts';
import type { Identity } from './identity.ts';

const MOST_ADDRESSES = 4096;

interface PodIdentity {
  readonly address: string;
  readonly evidence: readonly Evidence[];
  readonly identity: Identity;
}

/**
 * What was said before of a pod or an address, as the very same object: most new flows are between the same ends, and
 * whoever refers to endpoints knows them again. An object of the inventory that changes is another one.
 */
export class IdentityCache {
  readonly #pods = new WeakMap<Pod, PodIdentity[]>();
  readonly #addresses = new Map<string, Identity>();

  /** @param evidence one of few constant arrays */
  ofPod(pod: Pod, address: string, evidence: readonly Evidence[], make: () => Endpoint): Identity {
    let known = this.#pods.get(pod);
    if (known === undefined) this.#pods.set(pod, (known = []));
    for (const one of known) {
      if (one.address === address && one.evidence === evidence) return one.identity;
    }
    const identity = { endpoint: make(), service: null, serviceEndpoint: null };
    known.push({ address, evidence, identity });
    return identity;
  }

  ofAddress(address: string, make: () => Endpoint): Identity {
    const known = this.#addresses.get(address);
    if (known !== undefined) return known;
    if (this.#addresses.size >= MOST_ADDRESSES) this.#addresses.clear();
    const identity = { endpoint: make(), service: null, serviceEndpoint: null };
    this.#addresses.set(address, identity);
    return identity;
  }

  /** Of addresses, not of pods: ranges of the node and the cluster changed. */
  forgetAddresses(): void {
    this.#addresses.clear();
  }
}
