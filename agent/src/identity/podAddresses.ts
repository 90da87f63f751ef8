import type { Pod } from '../../../src/model/inventory.ts';
import { canonicalAddress } from './address.ts';

/** A pod's hold on an address. Times are milliseconds since the epoch. */
interface Tenure {
  /** One pod, as podsAt() gives it. */
  pods: readonly [Pod];
  readonly from: number;
  until: number;
}

/** API timestamps have whole seconds, and a pod's address is in use before its start time is written. */
const START_SLACK = 2000;
/** How long a pod that is gone still answers for flows of its time. */
const MEMORY = 300_000;
const NOBODY: readonly Pod[] = [];

/** Which pod had which address when. A finished or deleted pod never takes the traffic of a later one. */
export class PodAddresses {
  readonly #tenures = new Map<string, Tenure[]>();
  /** Addresses that a pod has or had, by uid. */
  readonly #addresses = new Map<string, Set<string>>();

  /** @param now wall time, milliseconds since the epoch */
  upsert(pod: Pod, now: number): void {
    const { uid } = pod.metadata;
    const addresses = new Set((pod.status.podIPs ?? []).map(({ ip }) => canonicalAddress(ip)));
    const known = this.#addresses.get(uid) ?? new Set();
    for (const address of known) {
      if (!addresses.has(address)) this.#end(uid, address, now);
    }
    for (const address of addresses) {
      const tenure = known.has(address) ? this.#tenure(uid, address) : undefined;
      if (tenure === undefined) this.#add(address, pod, now);
      else tenure.pods = [pod];
      if (isFinished(pod)) this.#end(uid, address, now);
    }
    this.#addresses.set(uid, new Set([...known, ...addresses]));
  }

  remove(uid: string, now: number): void {
    for (const address of this.#addresses.get(uid) ?? []) this.#end(uid, address, now);
  }

  /** The pods that best fit: one, or several when nothing decides between them. */
  podsAt(address: string, when: number): readonly Pod[] {
    const tenures = this.#tenures.get(address);
    if (tenures === undefined) return NOBODY;
    const [only] = tenures;
    if (only !== undefined && tenures.length === 1) return isDuring(only, when) ? only.pods : NOBODY;
    const valid = tenures.filter((tenure) => isDuring(tenure, when));
    const pods = valid.map(({ pods: [pod] }) => pod);
    const best = Math.max(...pods.map(preference));
    return pods.filter((pod) => preference(pod) === best);
  }

  /** Forgets what ended long ago. */
  forget(now: number): void {
    for (const [address, tenures] of this.#tenures) {
      for (const {
        pods: [pod],
        until,
      } of tenures) {
        if (until <= now - MEMORY) this.#addresses.get(pod.metadata.uid)?.delete(address);
      }
      const kept = tenures.filter(({ until }) => until > now - MEMORY);
      if (kept.length === 0) this.#tenures.delete(address);
      else if (kept.length < tenures.length) this.#tenures.set(address, kept);
    }
    for (const [uid, addresses] of this.#addresses) if (addresses.size === 0) this.#addresses.delete(uid);
  }

  /** The pod's latest hold on the address. */
  #tenure(uid: string, address: string): Tenure | undefined {
    return this.#tenures.get(address)?.findLast(({ pods: [pod] }) => pod.metadata.uid === uid);
  }

  #add(address: string, pod: Pod, now: number): void {
    const tenure: Tenure = { pods: [pod], from: startOf(pod, now), until: Infinity };
    const tenures = this.#tenures.get(address);
    if (tenures === undefined) this.#tenures.set(address, [tenure]);
    else tenures.push(tenure);
  }

  #end(uid: string, address: string, now: number): void {
    const tenure = this.#tenure(uid, address);
    if (tenure !== undefined) tenure.until = Math.min(tenure.until, now);
  }
}

function isDuring({ from, until }: Tenure, when: number): boolean {
  return from <= when && when < until;
}

function isFinished(pod: Pod): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
}

function startOf(pod: Pod, now: number): number {
  const start = Date.parse(pod.status.startTime ?? pod.metadata.creationTimestamp ?? '');
  return Number.isNaN(start) ? now - START_SLACK : start - START_SLACK;
}

/** Running before starting before terminating before finished. */
function preference(pod: Pod): number {
  if (isFinished(pod)) return 0;
  if (pod.metadata.deletionTimestamp !== undefined) return 1;
  return pod.status.phase === 'Running' ? 3 : 2;
}
