import type {
  AttachWay,
  Attachment,
  Closable,
  CaptureOptions,
  Collector,
  Direction,
  Drained,
  DropCounters,
  Link,
  LinkChange,
  NetworkNamespace,
  PacketFilter,
  PointCounters,
  ProgramStatistics,
} from '../../native/index.d.ts';
import { codeOf, Failure, messageOf } from '../failure.ts';
import type { Payload } from './addon.ts';

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

/** One interface that our programs are attached to, from attach to release. */
export interface AttachedInterface {
  readonly netnsInode: number;
  /** Index of the namespace in flow records. */
  readonly netnsIndex: number;
  readonly ifindex: number;
  /** Number of the interface in flow records. */
  readonly index: number;
  readonly name: string;
  /** ARPHRD_ type. */
  readonly type: number;
}

/** What the collection tells about. All are called on the main thread. */
export interface CollectionEvents {
  attached(attached: AttachedInterface): void;
  released(attached: AttachedInterface): void;
  /** Something of the wiring of a watched namespace, or of one that it has an id for, changed. */
  changed(netnsInode: number, change: LinkChange): void;
  /** An interface could not be attached to, or not be detached from; one sentence. */
  refused(message: string): void;
}

interface WatchedNamespace {
  readonly namespace: NetworkNamespace;
  readonly watch: Closable;
  readonly attachments: Map<number, { readonly of: AttachedInterface; readonly handles: Attachment[] }>;
}

const DIRECTIONS: readonly Direction[] = ['ingress', 'egress'];
/** An interface that went away between the dump and the attach. */
const GONE = new Set(['ENODEV', 'ENXIO', 'ENOENT']);

/** The loaded collector, attached to every interface of the watched namespaces and following them. */
export class Collection {
  /** UDP ports of tunnel devices that were seen here. */
  readonly tunnelPorts = new Set<number>();
  readonly #payload: Payload;
  readonly #options: CollectionOptions;
  readonly #events: CollectionEvents;
  readonly #collector: Collector;
  readonly #watched: WatchedNamespace[] = [];
  /** Interfaces refused before, so that each is told once. */
  readonly #refused = new Set<string>();
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

  /** Opens the namespace, attaches to its interfaces and follows it. A second path of the same namespace is ignored. */
  watch(path: string): NetworkNamespace {
    const namespace = this.#open(path);
    const same = this.#watched.find((other) => other.namespace.inode === namespace.inode);
    if (same !== undefined) {
      namespace.close();
      return same.namespace;
    }
    // Followed before the first dump, so that an interface made between the two is not missed.
    const watch = namespace.watch((change) => {
      this.#follow(watched, change);
    });
    const watched: WatchedNamespace = { namespace, watch, attachments: new Map() };
    this.#watched.push(watched);
    this.#attachAll(watched);
    return namespace;
  }

  get namespaces(): readonly NetworkNamespace[] {
    return this.#watched.map(({ namespace }) => namespace);
  }

  isAttached(netnsInode: number, ifindex: number): boolean {
    return this.#watched.some((w) => w.namespace.inode === netnsInode && w.attachments.has(ifindex));
  }

  get attachedInterfaces(): readonly AttachedInterface[] {
    return this.#watched.flatMap((watched) => [...watched.attachments.values()].map(({ of }) => of));
  }

  /** Program ids of all attachments, as bpftool prints them. */
  get programIds(): readonly number[] {
    const handles = this.#watched.flatMap((w) => [...w.attachments.values()].flatMap((a) => a.handles));
    return [...new Set(handles.map((handle) => handle.programId))];
  }

  /** Everything counted since the drain before, exactly once. Calls wait for each other. */
  drain(): Promise<Drained> {
    const next = this.#drains.then(() => this.#collector.drain());
    this.#drains = next.catch(() => undefined);
    return next;
  }

  points(): PointCounters[] {
    return this.#collector.points();
  }

  get mapCapacity(): number {
    return this.#collector.capacity;
  }

  events(callback: (records: Buffer) => void): Closable {
    return this.#collector.events(callback);
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
  detach(): void {
    for (const watched of this.#watched) {
      watched.watch.close();
      for (const ifindex of [...watched.attachments.keys()]) this.#release(watched, ifindex);
    }
  }

  /** Detaches, waits for a running drain and frees everything. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.detach();
    await this.#drains;
    this.#collector.close();
    for (const watched of this.#watched) watched.namespace.close();
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

  #follow(watched: WatchedNamespace, change: LinkChange): void {
    if (this.#closed) return;
    const isLink = change.kind === 'link' && change.nsid < 0;
    if (change.kind === 'overflow') this.#rescan(watched);
    else if (isLink && change.removed) this.#release(watched, change.ifindex);
    else if (isLink && !watched.attachments.has(change.ifindex)) this.#attachAll(watched);
    this.#events.changed(watched.namespace.inode, change);
  }

  #rescan(watched: WatchedNamespace): void {
    const present = new Set(watched.namespace.links().map((link) => link.ifindex));
    for (const ifindex of [...watched.attachments.keys()]) {
      if (!present.has(ifindex)) this.#release(watched, ifindex);
    }
    this.#attachAll(watched);
  }

  #attachAll(watched: WatchedNamespace): void {
    for (const link of watched.namespace.links()) {
      this.#learnTunnel(link);
      const wanted = this.#options.interfaces.length === 0 || this.#options.interfaces.includes(link.name);
      if (wanted && !watched.attachments.has(link.ifindex)) this.#attach(watched, link);
    }
  }

  /** Tunnels on ports of their own: their packets pass other interfaces, so whether this one is observed is all one. */
  #learnTunnel({ kind, tunnelPort }: Link): void {
    if (tunnelPort !== 0 && (kind === 'vxlan' || kind === 'geneve')) {
      this.#collector.setTunnelPort(tunnelPort, kind);
      this.tunnelPorts.add(tunnelPort);
    }
  }

  #attach(watched: WatchedNamespace, link: Link): void {
    const handles: Attachment[] = [];
    try {
      for (const direction of DIRECTIONS) {
        handles.push(this.#collector.attach(watched.namespace, link.ifindex, direction));
      }
    } catch (error) {
      this.#takeOff(handles, link.name);
      if (!GONE.has(codeOf(error))) this.#refuse(watched, link, error);
      return;
    }
    const [first] = handles;
    if (first === undefined) return;
    const of: AttachedInterface = {
      netnsInode: watched.namespace.inode,
      netnsIndex: first.netns,
      ifindex: link.ifindex,
      index: first.index,
      name: link.name,
      type: link.type,
    };
    watched.attachments.set(link.ifindex, { of, handles });
    this.#events.attached(of);
  }

  /** All of them, whatever the kernel says of one: a clsact filter that it does not let go goes with the next agent. */
  #takeOff(handles: readonly Attachment[], name: string): void {
    for (const handle of handles) {
      try {
        handle.close();
      } catch (error) {
        this.#events.refused(`the filter of interface ${name} could not be taken off: ${messageOf(error)}`);
      }
    }
  }

  #refuse(watched: WatchedNamespace, link: Link, error: unknown): void {
    const key = `${watched.namespace.inode}/${link.ifindex}`;
    if (this.#refused.has(key)) return;
    this.#refused.add(key);
    this.#events.refused(
      `interface ${link.name} (${link.ifindex}) of ${watched.namespace.path} is not observed: ${messageOf(error)}`,
    );
  }

  #release(watched: WatchedNamespace, ifindex: number): void {
    const attachment = watched.attachments.get(ifindex);
    if (attachment === undefined) return;
    watched.attachments.delete(ifindex);
    this.#takeOff(attachment.handles, attachment.of.name);
    this.#events.released(attachment.of);
  }
}
