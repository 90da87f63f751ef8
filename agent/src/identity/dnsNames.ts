/**
 * A flow's times come from the kernel's coarse clock, an answer's do not: a connection may seem to begin up to two jiffies
 * (20 ms at HZ=100) and a rounding before the answer it follows. Milliseconds.
 */
const CLOCK_SLACK = 21;
/** What a client needs to connect with an answer; one of time to live 0 is good for that alone. Milliseconds. */
const USE_TIME = 1000;
/** How long an answer that holds no more is known for flows of its time, milliseconds. */
const MEMORY = 300_000;
/** Milliseconds between two searches for what holds no more. */
const SWEEP_INTERVAL = 10_000;
const NO_NAMES: readonly string[] = [];

/** That a client was told an address for a name. Times are milliseconds since the epoch. */
export interface Naming {
  readonly address: string;
  readonly name: string;
  readonly from: number;
  readonly until: number;
}

interface Kept extends Naming {
  client: string;
  /** Since when without a gap; `from` is the latest answer. */
  since: number;
  settled: boolean;
}

/** A naming in the table. */
export type KeptNaming = Readonly<Kept>;

/** Names that clients got for addresses in DNS answers. What one client was told says nothing of another's flows. */
export class DnsNames {
  readonly #capacity: number;
  /** By address and client. */
  readonly #byAddress = new Map<string, Map<string, Set<Kept>>>();
  /** All of them, oldest first. */
  readonly #all = new Set<Kept>();
  #evicted = 0;
  #swept = 0;

  constructor(capacity = 16_384) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Names that made room for newer ones while they held. */
  get evicted(): number {
    return this.#evicted;
  }

  /** @param client one of dnsClients() */
  add(client: string, naming: Naming): KeptNaming {
    this.#sweep(naming.from);
    for (const oldest of this.#all) {
      if (this.#all.size < this.#capacity) break;
      if (oldest.until > naming.from) this.#evicted += 1;
      this.#remove(oldest);
    }
    const kept: Kept = { ...naming, client, since: naming.from, settled: false };
    this.#all.add(kept);
    this.#link(kept);
    return kept;
  }

  /** Gives a naming to the client that it turns out to be for. */
  move(naming: KeptNaming, client: string): void {
    const kept = naming as Kept;
    if (!this.#all.has(kept)) return;
    this.#unlink(kept);
    kept.client = client;
    this.#link(kept);
  }

  /** The client stays who it is: what it was told before of the same name, without a gap, is one naming with this one. */
  settle(naming: KeptNaming): void {
    const kept = naming as Kept;
    kept.settled = true;
    for (const other of this.#of(kept) ?? []) {
      if (other === kept || !other.settled || other.name !== kept.name) continue;
      if (other.from > kept.from || other.until < kept.since || other.until > kept.until) continue;
      kept.since = Math.min(kept.since, other.since);
      this.#remove(other);
    }
  }

  /** Names that held at a time for one of the clients, the newest first. @param clients asked for where it matters */
  of(address: string, clients: () => readonly string[], when: number): readonly string[] {
    const byClient = this.#byAddress.get(address);
    if (byClient === undefined) return NO_NAMES;
    const held = clients()
      .flatMap((client) => [...(byClient.get(client) ?? [])])
      .filter(({ since, until }) => since - CLOCK_SLACK <= when && when <= until + USE_TIME)
      .sort((a, b) => b.from - a.from);
    return held.length === 0 ? NO_NAMES : [...new Set(held.map(({ name }) => name))];
  }

  #sweep(now: number): void {
    if (now - this.#swept < SWEEP_INTERVAL) return;
    this.#swept = now;
    for (const kept of this.#all) if (kept.until < now - MEMORY) this.#remove(kept);
  }

  #of({ address, client }: Kept): Set<Kept> | undefined {
    return this.#byAddress.get(address)?.get(client);
  }

  #remove(kept: Kept): void {
    this.#all.delete(kept);
    this.#unlink(kept);
  }

  #link(kept: Kept): void {
    let byClient = this.#byAddress.get(kept.address);
    if (byClient === undefined) this.#byAddress.set(kept.address, (byClient = new Map<string, Set<Kept>>()));
    const same = byClient.get(kept.client);
    if (same === undefined) byClient.set(kept.client, new Set([kept]));
    else same.add(kept);
  }

  #unlink(kept: Kept): void {
    const byClient = this.#byAddress.get(kept.address);
    const same = byClient?.get(kept.client);
    same?.delete(kept);
    if (same?.size === 0) byClient?.delete(kept.client);
    if (byClient?.size === 0) this.#byAddress.delete(kept.address);
  }
}
