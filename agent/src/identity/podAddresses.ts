import type { Pod } from '../../../src/model/inventory.ts';
import { canonicalAddress } from './address.ts';

/** A pod's hold on an address. Times are milliseconds since the epoch. */
interface Tenure<P extends Pod> {
  /** One pod, as podsAt() gives it. */
  pods: readonly [P];
  readonly address: string;
  /** It may have the address since. */
  readonly from: number;
  /** Since it was told to have it: of pods of one node in their order, so whoever was told before has it no more. */
  readonly told: number;
  until: number;
  /** Who was told to have the address before. */
  before: Tenure<P> | null;
  /** Another address that the same pod has or had. */
  other: Tenure<P> | null;
}

/** API timestamps have whole seconds, and a pod's address is in use before its start time is written. */
const START_SLACK = 2000;
/** How long it takes at most until a pod's address is in its status. */
const STATUS_DELAY = 5000;
/** How long a pod that is gone still answers for flows of its time. */
const MEMORY = 300_000;
const NOBODY: readonly never[] = [];

/** Which pod had which address when. A finished or deleted pod never takes the traffic of a later one. */
export class PodAddresses<P extends Pod = Pod> {
  /** The latest of each address. */
  readonly #tenures = new Map<string, Tenure<P>>();
  /** One of each pod, by uid. */
  readonly #byUid = new Map<string, Tenure<P>>();
  /** When a pod was last told of that had no address yet, by uid. */
  readonly #without = new Map<string, number>();
  /** What ended and is not forgotten, in that order. */
  #ended: Tenure<P>[] = [];
  #changed = new Set<string>();

  /** @param now wall time, milliseconds since the epoch */
  upsert(pod: P, now: number): void {
    const { uid } = pod.metadata;
    const addresses = (pod.status.podIPs ?? []).map(({ ip }) => canonicalAddress(ip));
    const known = this.#byUid.get(uid) ?? null;
    for (let tenure = known; tenure !== null; tenure = tenure.other) {
      if (!addresses.includes(tenure.address)) this.#end(tenure, now);
    }
    for (const address of addresses) {
      let tenure = this.#tenure(uid, address);
      if (tenure === null) tenure = this.#add(address, pod, now);
      else tenure.pods = [pod];
      if (isFinished(pod)) this.#end(tenure, now);
    }
    if (addresses.length > 0) this.#without.delete(uid);
    else if (known === null) this.#without.set(uid, now);
  }

  remove(uid: string, now: number): void {
    this.#without.delete(uid);
    for (let tenure = this.#byUid.get(uid) ?? null; tenure !== null; tenure = tenure.other) {
      this.#end(tenure, now);
    }
  }

  /** Addresses that a pod got or lost since the last call. */
  takeChanged(): ReadonlySet<string> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  /** The pods that best fit: one, or several when nothing decides between them. */
  podsAt(address: string, when: number): readonly P[] {
    const latest = this.#tenures.get(address);
    if (latest === undefined) return NOBODY;
    if (latest.before === null) return isDuring(latest, when) ? latest.pods : NOBODY;
    const valid: Tenure<P>[] = [];
    for (let tenure: Tenure<P> | null = latest; tenure !== null; tenure = tenure.before) {
      if (isDuring(tenure, when)) valid.unshift(tenure);
    }
    return decide(valid, when).map(({ pods: [pod] }) => pod);
  }

  /** Forgets what ended long ago. */
  forget(now: number): void {
    const isOver = ({ until }: Tenure<P>): boolean => until <= now - MEMORY;
    const [first] = this.#ended;
    if (first === undefined || !isOver(first)) return;
    for (const tenure of this.#ended.filter(isOver)) this.#unlink(tenure);
    this.#ended = this.#ended.filter((tenure) => !isOver(tenure));
  }

  /** The pod's hold on the address. */
  #tenure(uid: string, address: string): Tenure<P> | null {
    let tenure = this.#byUid.get(uid) ?? null;
    while (tenure !== null && tenure.address !== address) tenure = tenure.other;
    return tenure;
  }

  #add(address: string, pod: P, now: number): Tenure<P> {
    const { uid } = pod.metadata;
    const without = (this.#without.get(uid) ?? -Infinity) - STATUS_DELAY;
    const tenure: Tenure<P> = {
      pods: [pod],
      address,
      from: Math.max(startOf(pod, now), without),
      told: now,
      until: Infinity,
      before: this.#tenures.get(address) ?? null,
      other: this.#byUid.get(uid) ?? null,
    };
    this.#tenures.set(address, tenure);
    this.#byUid.set(uid, tenure);
    this.#changed.add(address);
    return tenure;
  }

  #end(tenure: Tenure<P>, now: number): void {
    if (tenure.until <= now) return;
    if (tenure.until === Infinity) this.#ended.push(tenure);
    tenure.until = now;
    this.#changed.add(tenure.address);
  }

  #unlink(tenure: Tenure<P>): void {
    const {
      address,
      pods: [pod],
    } = tenure;
    unlinkFrom(this.#tenures, address, tenure, 'before');
    unlinkFrom(this.#byUid, pod.metadata.uid, tenure, 'other');
  }
}

/** Takes a tenure out of the list that a map has under a key. */
function unlinkFrom<P extends Pod>(
  lists: Map<string, Tenure<P>>,
  key: string,
  tenure: Tenure<P>,
  link: 'before' | 'other',
): void {
  const next = tenure[link];
  const first = lists.get(key) ?? null;
  if (first === tenure) {
    if (next === null) lists.delete(key);
    else lists.set(key, next);
    return;
  }
  let one = first;
  while (one !== null && one[link] !== tenure) one = one[link];
  if (one !== null) one[link] = next;
}

function isDuring({ from, until }: Tenure<Pod>, when: number): boolean {
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
function decide<P extends Pod>(tenures: readonly Tenure<P>[], when: number): readonly Tenure<P>[] {
  // One that was told of later may have taken it over by then, or not yet.
  if (tenures.length < 2 || tenures.some(({ told }) => told > when)) return tenures;
  const latest = Math.max(...tenures.map(({ told }) => told));
  const last = tenures.filter(({ told }) => told === latest);
  const best = Math.max(...last.map(preference));
  return last.filter((tenure) => preference(tenure) === best);
}

/** Running before starting before terminating before finished. */
function preference({ pods: [pod] }: Tenure<Pod>): number {
  if (isFinished(pod)) return 0;
  if (pod.metadata.deletionTimestamp !== undefined) return 1;
  return pod.status.phase === 'Running' ? 3 : 2;
}
