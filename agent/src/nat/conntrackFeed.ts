import type { ConntrackLimits, ConntrackWatch, NetworkNamespace } from '../../native/index.d.ts';
import { isTransient, messageOf } from '../failure.ts';

/**
 * Whose translations they are: the kernel's connection tracking, Cilium's own, or those that Cilium makes where a socket
 * is connected, so that no packet has the address that was asked.
 */
export const TRANSLATED_BY = ['conntrack', 'cilium', 'cilium-socket'] as const;
export type TranslatedBy = (typeof TRANSLATED_BY)[number];

/** Connection-tracking records of one namespace, in the kernel's order. */
export interface ConntrackBatch {
  /** Index of the namespace, as in flow keys. */
  readonly netns: number;
  /** Packed, conntrackLayout.ts. */
  readonly records: Uint8Array;
  /** What was made, was made after this time; 0 where that is not known. Milliseconds since the epoch. */
  readonly since: number;
  /** Whether these are all there are: what was made before and is not among them is gone. */
  readonly isWhole: boolean;
  readonly by: TranslatedBy;
}

interface Followed {
  readonly namespace: NetworkNamespace;
  readonly watch: ConntrackWatch;
  /** In flow keys; undefined until an interface of it is attached to. */
  index: number | undefined;
  /** `running` until its records are here; `none` when they were taken. */
  listing: 'none' | 'running' | Uint8Array;
  listedAt: number;
  takenAt: number;
}

/** Entries older than the agent are destroyed without a word: they are looked for again this often, milliseconds. */
const LISTING_INTERVAL = 60_000;

/** Follows the translated connections of namespaces: all at first and after an overrun, else what is made and destroyed. */
export class ConntrackFeed {
  /** Times that the kernel dropped events. */
  overruns = 0;
  readonly #tell: (message: string) => void;
  readonly #limits: ConntrackLimits;
  #followed: Followed[] = [];
  #refused = false;

  /** @param tell is told once of each namespace that cannot be followed @param limits as watchConntrack() has them */
  constructor(tell: (message: string) => void, limits: ConntrackLimits = {}) {
    this.#tell = tell;
    this.#limits = limits;
  }

  /** Whether every namespace is followed. */
  get available(): boolean {
    return !this.#refused && this.#followed.length > 0;
  }

  follow(namespaces: readonly NetworkNamespace[]): void {
    for (const namespace of namespaces) {
      try {
        this.#follow(namespace);
      } catch (error) {
        this.#refuse(namespace, error);
      }
    }
  }

  /**
   * What became known since the last call. While a namespace is listed, its events wait for that.
   * @param now milliseconds since the epoch @param indices of namespaces in flow keys, by inode
   */
  take(
    now: number,
    indices: readonly { readonly netnsInode: number; readonly netnsIndex: number }[],
  ): ConntrackBatch[] {
    return this.#followed.flatMap((followed) => {
      const { inode } = followed.namespace;
      // It stays the same when its last interface is gone.
      followed.index ??= indices.find(({ netnsInode }) => netnsInode === inode)?.netnsIndex;
      const { index } = followed;
      if (index === undefined || followed.listing === 'running') return [];
      try {
        return this.#takeFrom(followed, index, now);
      } catch (error) {
        this.#forget(followed, error);
        return [];
      }
    });
  }

  /**
   * Who began the connections of these flow keys, as NetworkNamespace.conntrackInitiators() has it.
   * @param netns index of their namespace in flow keys
   * @returns null where it is not followed
   */
  async initiators(netns: number, keys: Uint8Array): Promise<Uint8Array | null> {
    const followed = this.#followed.find(({ index }) => index === netns);
    if (followed === undefined) return null;
    try {
      return await followed.namespace.conntrackInitiators(keys);
    } catch (error) {
      this.#forget(followed, error);
      return null;
    }
  }

  close(): void {
    for (const { watch } of this.#followed) watch.close();
    this.#followed = [];
  }

  #follow(namespace: NetworkNamespace): void {
    // Followed before it is listed, so that nothing is missed between the two.
    const watch = namespace.watchConntrack('translated', this.#limits);
    const followed: Followed = {
      namespace,
      watch,
      index: undefined,
      listing: 'none',
      listedAt: 0,
      takenAt: 0,
    };
    this.#followed.push(followed);
    this.#list(followed, Date.now());
  }

  #takeFrom(followed: Followed, netns: number, now: number): ConntrackBatch[] {
    const batches: ConntrackBatch[] = [];
    if (followed.listing instanceof Uint8Array) {
      batches.push({ netns, records: followed.listing, since: 0, isWhole: true, by: 'conntrack' });
      followed.listing = 'none';
    }
    const { records, overruns } = followed.watch.take();
    batches.push({ netns, records, since: followed.takenAt, isWhole: false, by: 'conntrack' });
    followed.takenAt = now;
    this.overruns += overruns;
    if (overruns > 0 || now - followed.listedAt >= LISTING_INTERVAL) this.#list(followed, now);
    return batches;
  }

  #list(followed: Followed, now: number): void {
    followed.listing = 'running';
    followed.listedAt = now;
    this.#listingOf(followed).then(
      (records) => (followed.listing = records),
      (error: unknown) => {
        if (isTransient(error)) this.#listAgain(followed);
        else this.#forget(followed, error);
      },
    );
  }

  /** Rejects also where the namespace cannot even be asked. */
  async #listingOf({ namespace }: Followed): Promise<Uint8Array> {
    return namespace.conntrack('translated');
  }

  /** At the next occasion; its events are taken until then. */
  #listAgain(followed: Followed): void {
    followed.listing = 'none';
    followed.listedAt = -Infinity;
  }

  #forget(followed: Followed, error: unknown): void {
    // A namespace that is no longer followed has been closed: its listing may fail for that alone.
    if (!this.#followed.includes(followed)) return;
    followed.watch.close();
    this.#followed = this.#followed.filter((other) => other !== followed);
    this.#refuse(followed.namespace, error);
  }

  #refuse(namespace: NetworkNamespace, error: unknown): void {
    this.#refused = true;
    this.#tell(
      `addresses before and after NAT are not joined in ${namespace.path}: connection tracking cannot be read: ${messageOf(error)}`,
    );
  }
}
