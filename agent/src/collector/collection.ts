import type {
  AttachWay,
  Closable,
  CaptureOptions,
  Collector,
  Drained,
  DropCounters,
  LinkChange,
  NetworkNamespace,
  PacketFilter,
  PointCounters,
  ProgramStatistics,
} from '../../native/index.d.ts';
import { Failure, messageOf } from '../failure.ts';
import type { Payload } from './addon.ts';
import type { AttachedInterface } from './attachedInterface.ts';
import { FollowedInterfaces } from './followedInterfaces.ts';

export interface CollectionOptions {
  /** Capacity of one half of the kernel's flow map. */
  readonly mapFlows: number;
  /** Size of the event ring in bytes, a power of two. */
  readonly ringBytes: number;
  /** Names to attach to; empty for all. */
  readonly interfaces: readonly string[];
  /** As the kernel allows where it is left out. */
  readonly attach?: AttachWay | undefined;
  /** Kernel memory of the flow map, bytes; decides its capacity instead of mapFlows. */
  readonly mapBytes?: number | undefined;
}

/** What the collection tells about. All are called on the main thread. */
export interface CollectionEvents {
  /** It is being attached to: from now on packets that it counted may be drained. */
  found(found: AttachedInterface): void;
  /** Both directions count. @param time wall time of that, milliseconds */
  attached(attached: AttachedInterface, time: number): void;
  released(attached: AttachedInterface): void;
  /** Something of the wiring of a watched namespace, or of one that it has an id for, changed. */
  changed(netnsInode: number, change: LinkChange): void;
  /** An interface could not be attached to, or not be detached from; one sentence. */
  refused(message: string): void;
}

interface WatchedNamespace {
  readonly namespace: NetworkNamespace;
  readonly watch: Closable;
  readonly followed: FollowedInterfaces;
}

/** The loaded collector, attached to every interface of the watched namespaces and following them. */
export class Collection {
  readonly #payload: Payload;
  readonly #options: CollectionOptions;
  readonly #events: CollectionEvents;
  readonly #collector: Collector;
  readonly #watched: WatchedNamespace[] = [];
  #drains: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(payload: Payload, options: CollectionOptions, events: CollectionEvents) {
    this.#payload = payload;
    this.#options = options;
    this.#events = events;
    this.#collector = new payload.addon.Collector({
      objectPath: payload.objectPath,
      maxFlows: options.mapFlows,
      ringBytes: options.ringBytes,
      ...(options.attach === undefined ? {} : { attach: options.attach }),
      ...(options.mapBytes === undefined ? {} : { mapBytes: options.mapBytes }),
    });
  }

  /**
   * Opens the namespace, attaches to its interfaces and follows it; resolves when those of now are attached. A second
   * path of the same namespace is ignored.
   */
  async watch(path: string): Promise<void> {
    const namespace = this.#open(path);
    if (this.#watched.some((other) => other.namespace.inode === namespace.inode)) {
      namespace.close();
      return;
    }
    const watch = namespace.watch((change) => {
      if (!this.#closed) this.#events.changed(namespace.inode, change);
    });
    const followed = new FollowedInterfaces(
      this.#collector,
      namespace,
      this.#options.interfaces,
      this.#events,
    );
    this.#watched.push({ namespace, watch, followed });
    await followed.ready;
  }

  get namespaces(): readonly NetworkNamespace[] {
    return this.#watched.map(({ namespace }) => namespace);
  }

  isAttached(netnsInode: number, ifindex: number): boolean {
    return this.#watched.some((w) => w.namespace.inode === netnsInode && w.followed.isAttached(ifindex));
  }

  get attachedInterfaces(): readonly AttachedInterface[] {
    return this.#watched.flatMap(({ followed }) => followed.attached);
  }

  /** UDP ports of tunnel devices that were seen here. */
  get tunnelPorts(): ReadonlySet<number> {
    return new Set(this.#watched.flatMap(({ followed }) => [...followed.tunnelPorts]));
  }

  /** Program ids of all attachments, as bpftool prints them. */
  get programIds(): readonly number[] {
    return this.#watched.flatMap(({ followed }) => (followed.attached.length > 0 ? followed.programIds : []));
  }

  /** Everything counted since the drain before, exactly once. Calls wait for each other. */
  drain(): Promise<Drained> {
    const next = this.#drains.then(() => this.#collector.drain());
    this.#drains = next.catch(() => undefined);
    return next.then((drained) => {
      this.#takeChanges();
      return drained;
    });
  }

  points(): PointCounters[] {
    this.#takeChanges();
    return this.#collector.points();
  }

  get mapCapacity(): number {
    return this.#collector.capacity;
  }

  events(callback: (records: Buffer) => void): Closable {
    return this.#collector.events((records) => {
      this.#takeChanges();
      callback(records);
    });
  }

  /** Counts only packets that match; null counts all. */
  setFilter(filter: PacketFilter | null): void {
    this.#collector.setFilter(filter);
  }

  /** Copies packets as events; null ends that. */
  setCapture(options: CaptureOptions | null): void {
    this.#collector.setCapture(options);
  }

  /** @param kind EVENT_KIND @param perSecond events at each point and CPU */
  setRate(kind: number, perSecond: number): void {
    this.#collector.setRate(kind, perSecond);
  }

  /** Counts dropped packets in these namespaces alone; their indices in events and totals. */
  watchDrops(inodes: readonly number[]): number[] {
    return this.#collector.watchDrops(inodes);
  }

  drops(): DropCounters {
    return this.#collector.drops();
  }

  /** Why the kernel does not tell of dropped packets, null where it does. */
  dropsRefusal(): string | null {
    return this.#collector.dropsRefusal();
  }

  /** Tunnels seen so far: TUNNEL_BYTES each. */
  tunnels(): Uint8Array {
    return this.#collector.tunnels();
  }

  /** Of the programs at interfaces. */
  statistics(): ProgramStatistics {
    return this.#collector.statistics();
  }

  /** Of the program that counts dropped packets. */
  dropStatistics(): ProgramStatistics {
    return this.#collector.dropStatistics();
  }

  /** Stops following and takes every program off; what was counted can still be drained. */
  async detach(): Promise<void> {
    for (const { watch } of this.#watched) watch.close();
    await Promise.all(this.#watched.map(({ followed }) => followed.detach()));
  }

  /** Detaches, waits for a running drain and frees everything. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.detach();
    await this.#drains;
    this.#collector.close();
    for (const watched of this.#watched) watched.namespace.close();
  }

  /** Interfaces are told of before what was counted there, and what happened to them. */
  #takeChanges(): void {
    for (const { followed } of this.#watched) followed.take();
  }

  #open(path: string): NetworkNamespace {
    try {
      return new this.#payload.addon.NetworkNamespace(path);
    } catch (error) {
      throw new Failure(
        `cannot open network namespace ${path}: ${messageOf(error)}`,
        'Give a namespace file such as /proc/PID/ns/net or a name that "ip netns list" prints; entering one needs root.',
        { cause: error },
      );
    }
  }
}
