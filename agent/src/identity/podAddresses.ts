import type { Pod } from '../../../src/model/inventory.ts';
import { canonicalAddress } from './address.ts';

/** A pod's hold on an address. Times are milliseconds since the epoch. */
interface Tenure {
  /** One pod, as podsAt() gives it. */
  pods: readonly [Pod];
  /** It may have the address since. */
  readonly from: number;
  /** Since it was told to have it: of pods of one node in their order, so whoever was told before has it no more. */
  readonly told: number;
  until: number;
}

/** API timestamps have whole seconds, and a pod's address is in use before its start time is written. */
const START_SLACK = 2000;
/** How long it takes at most until a pod's address is in its status. */
const STATUS_DELAY = 5000;
/** How long a pod that is gone still answers for flows of its time. */
const MEMORY = 300_000;
const NOBODY: readonly Pod[] = [];

/** Which pod had which address when. A finished or deleted pod never takes the traffic of a later one. */
export class PodAddresses {
  readonly #tenures = new Map<string, Tenure[]>();
  /** Addresses that a pod has or had, by uid. */
  readonly #addresses = new Map<string, Set<string>>();
  /** When a pod was last told of that had no address yet, by uid. */
  readonly #without = new Map<string, number>();
  #changed = new Set<string>();

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
    if (addresses.size > 0) this.#without.delete(uid);
    else if (known.size === 0) this.#without.set(uid, now);
  }

  remove(uid: string, now: number): void {
    this.#without.delete(uid);
    for (const address of this.#addresses.get(uid) ?? []) this.#end(uid, address, now);
  }

  /** Addresses that a pod got or lost since the last call. */
  takeChanged(): ReadonlySet<string> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  /** The pods that best fit: one, or several when nothing decides between them. */
  podsAt(address: string, when: number): readonly Pod[] {
    const tenures = this.#tenures.get(address);
    if (tenures === undefined) return NOBODY;
    const [only] = tenures;
    if (only !== undefined && tenures.length === 1) return isDuring(only, when) ? only.pods : NOBODY;
    const valid = tenures.filter((tenure) => isDuring(tenure, when));
    return decide(valid, when).map(({ pods: [pod] }) => pod);
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
    const without = (this.#without.get(pod.metadata.uid) ?? -Infinity) - STATUS_DELAY;
    const from = Math.max(startOf(pod, now), without);
    const tenure: Tenure = { pods: [pod], from, told: now, until: Infinity };
    this.#changed.add(address);
    const tenures = this.#tenures.get(address);
    if (tenures === undefined) this.#tenures.set(address, [tenure]);
    else tenures.push(tenure);
  }

  #end(uid: string, address: string, now: number): void {
    const tenure = this.#tenure(uid, address);
    if (tenure === undefined || tenure.until <= now) return;
    tenure.until = now;
    this.#changed.add(address);
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

/** Those of several that may have had the address then. */
function decide(tenures: readonly Tenure[], when: number): readonly Tenure[] {
  // One that was told of later may have taken it over by then, or not yet.
  if (tenures.length < 2 || tenures.some(({ told }) => told > when)) return tenures;
  const latest = Math.max(...tenures.map(({ told }) => told));
  const last = tenures.filter(({ told }) => told === latest);
  const best = Math.max(...last.map(preference));
  return last.filter((tenure) => preference(tenure) === best);
}

/** Running before starting before terminating before finished. */
function preference({ pods: [pod] }: Tenure): number {
  if (isFinished(pod)) return 0;
  if (pod.metadata.deletionTimestamp !== undefined) return 1;
  return pod.status.phase === 'Running' ? 3 : 2;
}
