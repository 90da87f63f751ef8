import type { NetworkNamespace } from '../../native/index.d.ts';
import { codeOf, isTransient, messageOf } from '../failure.ts';
import { SocketTable } from './socketTable.ts';

type Handle = Pick<NetworkNamespace, 'sockets' | 'close'>;

/** Finds the namespaces whose sockets are asked for. */
export interface Namespaces {
  /** A handle that stays open, for a namespace that is watched. */
  watched(inode: number): Handle | undefined;
  /** A handle made for one dump and closed then; null where the namespace is gone. */
  open(inode: number): Handle | null;
}

/** A namespace's sockets are read no sooner than this after the last time, milliseconds. */
const SHORTEST_PAUSE = 500;
/** Share of time that dumps may take at most. */
const PAUSE_PER_DUMP = 20;
/** Namespaces that tables are kept of; pods with one container need none. */
const MOST_NAMESPACES = 256;

interface Known {
  table: SocketTable | null;
  /** By cookie of a socket that is not connected: the end of the first dump that had it. */
  since: ReadonlyMap<number, number>;
  next: number;
}

/** Socket tables of namespaces, read when somebody asks for them and not too often. */
export class SocketWatch {
  readonly #namespaces: Namespaces;
  readonly #tell: (message: string) => void;
  readonly #clock: () => number;
  readonly #known = new Map<number, Known>();
  readonly #wanted = new Set<number>();
  #running: Promise<void> | null = null;
  #version = 0;
  #refused = false;

  /**
   * @param tell is told, once, when this kernel does not list sockets
   * @param clock wall time, milliseconds since the epoch
   */
  constructor(
    namespaces: Namespaces,
    tell: (message: string) => void,
    clock: () => number = () => Date.now(),
  ) {
    this.#namespaces = namespaces;
    this.#tell = tell;
    this.#clock = clock;
  }

  /** Grows with every table that was read. */
  get version(): number {
    return this.#version;
  }

  /** Whether this kernel lists sockets, as far as is known. */
  get available(): boolean {
    return !this.#refused;
  }

  /** The latest table of a namespace, null when it was not read yet. @param inode of the namespace */
  table(inode: number): SocketTable | null {
    return this.#known.get(inode)?.table ?? null;
  }

  /** Wall time since when a socket that is not connected is known, Infinity for one that is not. */
  since(inode: number, cookie: number): number {
    return this.#known.get(inode)?.since.get(cookie) ?? Infinity;
  }

  /** Asks for a newer table at the next occasion. */
  want(inode: number): void {
    if (!this.#refused) this.#wanted.add(inode);
  }

  /** Starts reading what is wanted and may be read again; one round at a time. */
  refresh(now: number): void {
    if (this.#running !== null) return;
    const due = [...this.#wanted].filter((inode) => (this.#known.get(inode)?.next ?? 0) <= now);
    if (due.length > 0) this.#start(due);
  }

  /** Reads all that is wanted without waiting for a pause. */
  async refreshNow(): Promise<void> {
    await this.#running;
    if (this.#wanted.size === 0) return;
    this.#start([...this.#wanted]);
    await this.#running;
  }

  #start(inodes: readonly number[]): void {
    this.#running = this.#readAll(inodes).finally(() => (this.#running = null));
  }

  async #readAll(inodes: readonly number[]): Promise<void> {
    for (const inode of inodes) {
      if (this.#refused) return;
      this.#wanted.delete(inode);
      await this.#read(inode);
    }
  }

  async #read(inode: number): Promise<void> {
    const watched = this.#namespaces.watched(inode);
    let opened: Handle | null = null;
    try {
      if (watched === undefined) opened = this.#namespaces.open(inode);
      const namespace = watched ?? opened;
      const began = this.#clock();
      if (namespace === null) this.#known.delete(inode);
      else this.#take(inode, await namespace.sockets(), began);
    } catch (error) {
      if (isTransient(error)) this.#retry(inode);
      else this.#refuse(error);
    } finally {
      opened?.close();
    }
  }

  /** The table that is known stays until then. */
  #retry(inode: number): void {
    const known = this.#known.get(inode);
    const next = this.#clock() + SHORTEST_PAUSE;
    this.#known.set(inode, { table: known?.table ?? null, since: known?.since ?? new Map(), next });
    this.#wanted.add(inode);
  }

  #refuse(error: unknown): void {
    this.#wanted.clear();
    if (this.#refused) return;
    this.#refused = true;
    this.#tell(`owners of sockets are not known: ${messageOf(error)} (${codeOf(error)})`);
  }

  #take(inode: number, records: Uint8Array, began: number): void {
    const ended = this.#clock();
    const table = new SocketTable(records, began, ended);
    const before = this.#known.get(inode)?.since;
    const since = new Map<number, number>();
    for (const cookie of table.boundCookies()) since.set(cookie, before?.get(cookie) ?? ended);
    const next = ended + Math.max(SHORTEST_PAUSE, (ended - began) * PAUSE_PER_DUMP);
    this.#known.delete(inode);
    this.#known.set(inode, { table, since, next });
    this.#version += 1;
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_NAMESPACES && oldest !== undefined) this.#known.delete(oldest);
  }
}
