import type { Endpoint, Evidence } from '../../../src/model/endpoint.ts';
import type { Pod } from '../../../src/model/inventory.ts';
import { only } from './endpoints.ts';
import type { Identity } from './identity.ts';
import type { StoredPod, StoredService } from './storedObjects.ts';

const MOST_ADDRESSES = 4096;
/** Ports of one Service that are asked for; whoever scans it asks for all. */
const MOST_PORTS = 64;

/** Of an address: by evidence, or by the pods that are candidates, then by name. */
type ByAddress = Map<string, Map<readonly unknown[], Map<string | null, Identity>>>;

/**
 * What was said before of an end, as the very same object: most new flows are between the same ends, and whoever refers
 * to endpoints knows them again. An object of the inventory that changes is another one. Arrays of evidence are told
 * apart by identity: see evidenceOf().
 */
export class IdentityCache {
  readonly #addresses = new Map<string, Identity>();
  readonly #nodes: ByAddress = new Map();
  readonly #processes: ByAddress = new Map();
  readonly #unlisted: ByAddress = new Map();

  /** @param container that the evidence tells, null for none */
  ofPod(
    pod: StoredPod,
    address: string,
    evidence: readonly Evidence[],
    container: string | null,
    make: () => Endpoint,
  ): Identity {
    const known = (pod.identities ??= []);
    for (const one of known) {
      // The address last: it is compared letter by letter.
      const isSame = one.evidence === evidence && one.container === container && one.address === address;
      if (isSame) return one.identity;
    }
    const identity = only(make());
    known.push({ address, evidence, container, identity });
    return identity;
  }

  /** A Service asked for at an address and port. */
  ofService(
    service: StoredService,
    address: string,
    port: number,
    protocol: string,
    evidence: readonly Evidence[],
    make: () => Identity,
  ): Identity {
    const known = (service.identities ??= []);
    for (const one of known) {
      if (one.port !== port || one.address !== address) continue;
      if (one.protocol === protocol && one.evidence === evidence) return one.identity;
    }
    const identity = make();
    if (known.length >= MOST_PORTS) known.length = 0;
    known.push({ address, port, protocol, evidence, identity });
    return identity;
  }

  /** A node whose address it is. @param pods who could be meant: one of the inventory's own lists */
  ofNode(address: string, pods: readonly Pod[], name: string, make: () => Endpoint): Identity {
    return known(this.#nodes, address, pods, name, make);
  }

  ofProcess(
    address: string,
    evidence: readonly Evidence[],
    name: string | null,
    make: () => Endpoint,
  ): Identity {
    return known(this.#processes, address, evidence, name, make);
  }

  /** A pod that the inventory does not have. */
  ofUnlisted(address: string, evidence: readonly Evidence[], uid: string, make: () => Endpoint): Identity {
    return known(this.#unlisted, address, evidence, uid, make);
  }

  ofAddress(address: string, make: () => Endpoint): Identity {
    const before = this.#addresses.get(address);
    if (before !== undefined) return before;
    if (this.#addresses.size >= MOST_ADDRESSES) this.#addresses.clear();
    const identity = only(make());
    this.#addresses.set(address, identity);
    return identity;
  }

  /** Of addresses, not of pods and Services: the inventory or the wiring changed. */
  forgetAddresses(): void {
    this.#addresses.clear();
    for (const cache of [this.#nodes, this.#processes, this.#unlisted]) cache.clear();
  }
}

function known(
  cache: ByAddress,
  address: string,
  by: readonly unknown[],
  name: string | null,
  make: () => Endpoint,
): Identity {
  let lists = cache.get(address);
  if (lists === undefined) {
    if (cache.size >= MOST_ADDRESSES) cache.clear();
    lists = new Map<readonly unknown[], Map<string | null, Identity>>();
    cache.set(address, lists);
  }
  let names = lists.get(by);
  if (names === undefined) {
    names = new Map<string | null, Identity>();
    lists.set(by, names);
  }
  let identity = names.get(name);
  if (identity === undefined) names.set(name, (identity = only(make())));
  return identity;
}
