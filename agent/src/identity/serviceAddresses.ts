import type { Service } from '../../../src/model/inventory.ts';
import { canonicalAddress } from './address.ts';

/** API timestamps have whole seconds; milliseconds. */
const START_SLACK = 2000;
/** How long a Service that is gone still answers for flows of its time, milliseconds. */
const MEMORY = 300_000;
const NO_SERVICES: readonly never[] = [];

/** A Service's hold on an address. Times are milliseconds since the epoch. */
interface Tenure<S extends Service> {
  /** One Service, as at() gives it. */
  services: readonly [S];
  readonly from: number;
  until: number;
}

/** Which Services had which cluster, external or load balancer address when. */
export class ServiceAddresses<S extends Service = Service> {
  readonly #tenures = new Map<string, Tenure<S>[]>();
  /** Addresses that a Service has, by uid. */
  readonly #addresses = new Map<string, readonly string[]>();
  /** Addresses that a Service had. */
  readonly #ended = new Set<string>();

  /** @param now wall time, milliseconds since the epoch */
  upsert(service: S, now: number): void {
    const { uid, creationTimestamp } = service.metadata;
    const known = this.#addresses.get(uid);
    const addresses = addressesOf(service);
    for (const address of known ?? []) if (!addresses.includes(address)) this.#end(uid, address, now);
    const created = Date.parse(creationTimestamp ?? '');
    for (const address of addresses) {
      const held = known?.includes(address) === true ? this.#tenure(uid, address) : undefined;
      if (held !== undefined) {
        held.services = [service];
        continue;
      }
      // What it was made with it has had since; what it got later, since it was told.
      const from = (known !== undefined || Number.isNaN(created) ? now : created) - START_SLACK;
      const tenure: Tenure<S> = { services: [service], from, until: Infinity };
      const tenures = this.#tenures.get(address);
      if (tenures === undefined) this.#tenures.set(address, [tenure]);
      else tenures.push(tenure);
    }
    this.#addresses.set(uid, addresses);
  }

  remove(uid: string, now: number): void {
    for (const address of this.#addresses.get(uid) ?? []) this.#end(uid, address, now);
    this.#addresses.delete(uid);
  }

  /** All that may have had it then: Services share external addresses by port. */
  at(address: string, when: number): readonly S[] {
    const tenures = this.#tenures.get(address);
    if (tenures === undefined) return NO_SERVICES;
    // The API server's clock is another one: when it was made matters only where others had the address.
    const [only] = tenures;
    if (only !== undefined && tenures.length === 1) return when < only.until ? only.services : NO_SERVICES;
    return tenures
      .filter(({ from, until }) => from <= when && when < until)
      .map(({ services: [service] }) => service);
  }

  /** Forgets what ended long ago. */
  forget(now: number): void {
    for (const address of this.#ended) {
      const tenures = this.#tenures.get(address) ?? [];
      const kept = tenures.filter(({ until }) => until > now - MEMORY);
      if (kept.every(({ until }) => until === Infinity)) this.#ended.delete(address);
      if (kept.length === 0) this.#tenures.delete(address);
      else if (kept.length < tenures.length) this.#tenures.set(address, kept);
    }
  }

  #tenure(uid: string, address: string): Tenure<S> | undefined {
    return this.#tenures
      .get(address)
      ?.findLast(({ services: [service], until }) => service.metadata.uid === uid && until === Infinity);
  }

  #end(uid: string, address: string, now: number): void {
    const tenure = this.#tenure(uid, address);
    if (tenure === undefined) return;
    tenure.until = now;
    this.#ended.add(address);
  }
}

function addressesOf({ spec, status }: Service): readonly string[] {
  const ingress = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
  const all = [...(spec.clusterIPs ?? []), ...(spec.externalIPs ?? []), ...ingress];
  const own = all.filter((address) => address !== 'None' && address !== '').map(canonicalAddress);
  return [...new Set(own)];
}
