import type { Closable, PacketFilter, PointCounters } from '../native/index.d.ts';
import type { Ledger } from '../../src/model/ledger.ts';
import { CILIUM_INTERFACE } from '../../src/model/nodeShape.ts';
import type { SocketEntry, Topology } from '../../src/model/topology.ts';
import type { Capture, CaptureSink } from './capture/capture.ts';
import { WallClock } from './collector/clock.ts';
import type { AttachedInterface } from './collector/attachedInterface.ts';
import { Collection } from './collector/collection.ts';
import { EventQueue } from './collector/eventQueue.ts';
import { EVENT_KIND } from './collector/flowLayout.ts';
import type { DnsHistory } from './dns/dnsHistory.ts';
import { AnsweredNames } from './dns/answeredNames.ts';
import { DnsIntake } from './dns/dnsIntake.ts';
import { DropWatch } from './dropWatch.ts';
import { Failure } from './failure.ts';
import { openNodeCapture } from './nodeCapture.ts';
import type { ObservationOptions } from './observationOptions.ts';
import { releaseBytes } from './releaseBytes.ts';
import { SelfCostMeter } from './selfCostMeter.ts';
import { CiliumQuestions } from './flows/ciliumQuestions.ts';
import { DropIntake } from './flows/dropIntake.ts';
import { FlowJoin } from './flows/flowJoin.ts';
import { FlowTable } from './flows/flowTable.ts';
import { FlowTracker } from './flows/flowTracker.ts';
import { Initiators } from './flows/initiators.ts';
import { ledgerOf } from './flows/ledger.ts';
import { OwnTraffic } from './flows/ownTraffic.ts';
import { PointRegistry } from './flows/pointRegistry.ts';
import { RecordIntake } from './flows/recordIntake.ts';
import { RowIdentity } from './flows/rowIdentity.ts';
import { SharedFlows } from './flows/sharedFlows.ts';
import { TranslationIntake } from './flows/translationIntake.ts';
import { TunnelLinks } from './flows/tunnelLinks.ts';
import { UnparsedSamples } from './flows/unparsedSamples.ts';
import { WiredNamespaces } from './flows/wiredNamespaces.ts';
import { DnsNames } from './identity/dnsNames.ts';
import { Identifier } from './identity/identifier.ts';
import { InventoryStore } from './identity/inventoryStore.ts';
import type { CiliumAnswer } from './nat/cilium/ciliumFeed.ts';
import { CiliumFeed } from './nat/cilium/ciliumFeed.ts';
import { ConntrackFeed } from './nat/conntrackFeed.ts';
import { TranslationTable } from './nat/translationTable.ts';
import { NodeSockets } from './nodeSockets.ts';
import type { NodeCapture } from './server/captures.ts';
import { namespaceInode } from './topology/processNamespaces.ts';
import { Wiring } from './wiring.ts';

/** Entries of a half of the kernel's flow map: new flows between two drains. They take 115 MB, used or not. */
const MOST_MAP_FLOWS = 131_072;
const EVENT_RING_BYTES = 1 << 20;
/** Translated connections whose packets were not seen yet; those that were are in the flow table. */
const MOST_TRANSLATIONS = 65_536;
/** DNS messages at each point and CPU; what is beyond is counted as suppressed. */
const DNS_PER_SECOND = 500;
/** Packets that were not parsed, likewise: a flood of one cause leaves room for the others. */
const SAMPLES_PER_SECOND = 100;

/** One running observation of one node: the layers, wired together. */
export class Observation {
  readonly table: FlowTable;
  readonly inventory = new InventoryStore();
  readonly own = new OwnTraffic();
  /** Of the time since they were asked for. */
  readonly samples: UnparsedSamples;
  readonly options: ObservationOptions;
  readonly #points = new PointRegistry();
  readonly #sockets: NodeSockets;
  readonly #identifier: Identifier;
  readonly #identity: RowIdentity;
  readonly #collection: Collection;
  readonly #intake: RecordIntake;
  readonly #tracker: FlowTracker;
  readonly #dns: DnsIntake;
  readonly #drops: DropWatch;
  readonly #conntrack: ConntrackFeed;
  readonly #cilium: CiliumFeed;
  readonly #ciliumQuestions: CiliumQuestions;
  readonly #translations = new TranslationTable(MOST_TRANSLATIONS);
  readonly #join: FlowJoin;
  readonly #initiators: Initiators;
  readonly #wired = new WiredNamespaces();
  readonly #dropIntake: DropIntake;
  readonly #clock = new WallClock();
  readonly #cost: SelfCostMeter;
  readonly #wiring: Wiring;
  readonly #eventReader: Closable;
  readonly #listeners = new Set<() => void>();
  /** Of the namespace that Cilium's programs are in. */
  #ciliumNetns: number | undefined;
  readonly #events = new EventQueue();
  #timer: NodeJS.Timeout | undefined;
  #ticking: Promise<void> = Promise.resolve();
  #stopped = false;

  private constructor(options: ObservationOptions) {
    this.options = options;
    this.inventory.update({ reset: true, upserts: options.inventory, deletedUids: [] }, Date.now());
    this.table = new FlowTable(options.maxFlows, this.#points, Date.now());
    this.#sockets = new NodeSockets({
      addon: options.payload.addon,
      inventory: this.inventory,
      watched: () => this.#collection.namespaces,
      tell: (message) => options.tell(message),
    });
    this.#identifier = new Identifier(this.inventory, this.#sockets.owners, (address) =>
      this.#cilium.nodeOf(address),
    );
    const names = new DnsNames();
    this.#identity = new RowIdentity(this.table, this.#identifier, () => this.#sockets.news, names);
    const isOwn = (view: DataView, offset: number): boolean => this.own.has(view, offset);
    this.#join = new FlowJoin(this.table, this.#translations, this.#identity);
    this.#conntrack = new ConntrackFeed((message) => options.tell(message));
    this.#cilium = new CiliumFeed(options.payload.addon, (message) => options.tell(message));
    this.#ciliumQuestions = new CiliumQuestions(this.table);
    const shared = new SharedFlows(this.table, this.#join, this.#wired);
    this.#initiators = new Initiators(this.table, (netns, keys) => this.#conntrack.initiators(netns, keys));
    this.#intake = new RecordIntake(this.table, this.#identity, this.#join, shared, isOwn);
    this.samples = new UnparsedSamples(this.#points, (nanoseconds) => this.#clock.wallTime(nanoseconds));
    this.#dns = new DnsIntake(
      this.table,
      (nanoseconds) => this.#clock.wallTime(nanoseconds),
      new AnsweredNames(this.table, names, (addresses, now) => this.#identity.nameAgain(addresses, now)),
    );
    this.#collection = new Collection(
      options.payload,
      {
        mapFlows: Math.min(options.maxFlows, MOST_MAP_FLOWS),
        mapBytes: options.mapBytes,
        ringBytes: EVENT_RING_BYTES,
        interfaces: options.interfaces,
        attach: options.attach,
      },
      {
        found: (found) => this.#onFound(found),
        attached: (attached, time) => this.#wiring.attached(attached, time),
        released: () => this.#wiring.released(),
        changed: (inode, change) => this.#wiring.changed(inode, change),
        refused: (message) => options.tell(message),
      },
    );
    try {
      this.setFilter(options.filter ?? null);
      this.#collection.setRate(EVENT_KIND.dns, DNS_PER_SECOND);
      this.#drops = new DropWatch(options.payload.addon, this.#collection, this.#points, (message) =>
        options.tell(message),
      );
      this.#dropIntake = new DropIntake(this.table, this.#identity, this.#join, shared, this.#drops, isOwn);
      this.#tracker = new FlowTracker(
        this.table,
        this.#intake,
        this.#identity,
        this.#dropIntake,
        new TunnelLinks(this.table, () => this.#collection.tunnels()),
        new TranslationIntake(this.#translations, this.#join),
        this.#initiators,
      );
      this.#eventReader = this.#collection.events((records) => this.#events.add(records));
      this.#cost = new SelfCostMeter(options.payload.addon, this.#collection, this.table, (message) =>
        options.tell(message),
      );
      this.#wiring = new Wiring(options.payload.addon, options.node, this.#collection, this.inventory, {
        points: this.#points,
        identifier: this.#identifier,
        drops: this.#drops,
        sockets: this.#sockets,
        wired: this.#wired,
      });
      this.#wiring.onRead((topology) => (this.#ciliumNetns = ciliumNetns(topology)));
    } catch (error) {
      void this.#collection.close();
      throw error;
    }
  }

  /** Loads the programs; returns when they are attached to every interface that there is. */
  static async open(options: ObservationOptions): Promise<Observation> {
    const observation = new Observation(options);
    try {
      await observation.#attach();
      return observation;
    } catch (error) {
      await observation.close();
      throw error;
    }
  }

  get topology(): Topology {
    return this.#wiring.topology;
  }

  /** The sockets that a namespace of the wiring has now; null where there is none, or it cannot be entered. */
  sockets(netns: number): Promise<readonly SocketEntry[] | null> {
    return this.#sockets.list(netns);
  }

  /** Captures beside what is counted, which it changes nothing of. @throws Failure */
  async openCapture(wanted: NodeCapture, sink: CaptureSink): Promise<Capture> {
    const namespaces = { watched: this.#collection.namespaces, known: this.topology };
    return openNodeCapture(this.options, namespaces, wanted, sink);
  }

  /** Whether the last interval is over. */
  get stopped(): boolean {
    return this.#stopped;
  }

  get programIds(): readonly number[] {
    return this.#collection.programIds;
  }

  /** A packet's first bytes may hold payload, so the kernel sends those that it could not parse only from here on. */
  wantSamples(): void {
    this.#collection.setRate(EVENT_KIND.sample, SAMPLES_PER_SECOND);
  }

  /** Questions to name servers with their answers: those that pods ask name the addresses outside. */
  get dns(): DnsHistory {
    return this.#dns.history;
  }

  /** Counts only packets that match; null counts all. Takes effect at once and without a gap. */
  setFilter(filter: PacketFilter | null): void {
    this.#collection.setFilter(filter);
  }

  /** Starts draining every interval. @param failed is called once when that breaks */
  start(failed: (error: unknown) => void): void {
    this.#cost.start();
    const next = (): void => {
      this.#timer = setTimeout(() => {
        this.#ticking = this.#tick().then(
          () => {
            if (!this.#stopped) next();
          },
          (error: unknown) => failed(error),
        );
      }, this.options.interval);
    };
    next();
  }

  /** Calls back after every interval, when the table is up to date. */
  onTick(listener: () => void): Closable {
    this.#listeners.add(listener);
    return { close: () => this.#listeners.delete(listener) };
  }

  /** Calls back with the whole topology whenever it was read again. */
  onTopology(listener: (topology: Topology) => void): Closable {
    return this.#wiring.onRead(listener);
  }

  /** Takes the programs off, then counts what is left and ends all flows, so that sums are exact. */
  async finish(): Promise<void> {
    await this.#halt();
    this.#cost.close();
    // For the last time: what follows is counted at points that are not attached any more.
    this.#wiring.read();
    await this.#collection.detach();
    this.#drops.stop();
    await this.#tick();
    await this.#sockets.refreshNow();
    await this.#initiators.settle();
    await this.#tick();
    this.#dns.end();
    this.#tracker.endAll(Date.now());
    this.#tellListeners();
  }

  /** Detaches and frees everything. */
  async close(): Promise<void> {
    await this.#halt();
    this.#cost.close();
    this.#eventReader.close();
    this.#conntrack.close();
    this.#cilium.close();
    await this.#collection.close();
  }

  /** @param readers what the readers of streams missed; left out where the table is printed instead */
  ledger(readers?: { queueDropped: number; streamGap: number }): Ledger {
    return ledgerOf(
      this.counters(),
      this.#points,
      {
        outside: this.#intake.outside,
        eventsDropped: this.#events.dropped,
        dns: this.#dns.counts,
        drops: this.#drops.losses(this.#dropIntake.attributed),
        nat: {
          available: this.#conntrack.available,
          translations: this.#translations.live,
          joinedLate: this.#join.joinedLate,
          overruns: this.#conntrack.overruns,
          evicted: this.#translations.evicted,
          initiatorsAsked: this.#initiators.counts.asked,
          initiatorsTold: this.#initiators.counts.told,
        },
        // Readers know themselves what they missed; a row that made room was of no use to them any more.
        queueDropped: readers?.queueDropped ?? this.table.endedDropped,
        streamGap: readers?.streamGap ?? 0,
      },
      this.#cost.read(),
    );
  }

  counters(): PointCounters[] {
    return this.#collection.points();
  }

  async #attach(): Promise<void> {
    await Promise.all(this.options.namespaces.map((path) => this.#collection.watch(path)));
    this.#conntrack.follow(this.#collection.namespaces);
    this.#requireInterfaces();
    this.#identifier.setTunnelPorts(this.#collection.tunnelPorts);
    this.#wiring.read();
    this.#sockets.refresh(Date.now());
  }

  async #halt(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#ticking;
  }

  async #tick(): Promise<void> {
    // Taken before the drain: the packets of these events are in it.
    const events = this.#events.take();
    const drained = await this.#collection.drain();
    this.#cost.drained(drained.count);
    this.#clock.synchronize(drained.monotonic, drained.realtime);
    const now = Date.now();
    const identityChanged = !this.#stopped && this.#wiring.refresh(now);
    this.#sockets.refresh(now);
    // Both after the drain: whatever it counted, its translation was decided before.
    const connections = this.#conntrack.take(now, this.#collection.attachedInterfaces);
    const cilium = this.#askCilium(drained.records, drained.count, now);
    this.#tracker.tick({
      records: drained.records,
      count: drained.count,
      events,
      connections: [...connections, ...cilium.batches],
      untranslated: cilium.untranslated,
      identityChanged,
      now,
      wallTime: (coarse) => this.#clock.coarseWallTime(coarse),
    });
    // A pod's address may have gone to another one before that was told.
    this.#identity.nameAgain(this.inventory.takeChangedAddresses(), now);
    this.#dns.add(events, Number(drained.monotonic));
    this.samples.add(events);
    releaseBytes(drained.records);
    this.#tellListeners();
  }

  #askCilium(records: Uint8Array, count: number, now: number): CiliumAnswer {
    const isAsked = (view: DataView, offset: number): boolean => this.#ciliumQuestions.isAsked(view, offset);
    const inode = this.#ciliumNetns;
    const index = this.#collection.attachedInterfaces.find(
      ({ netnsInode }) => netnsInode === inode,
    )?.netnsIndex;
    const place = inode === undefined || index === undefined ? null : { inode, index };
    return this.#cilium.take(place, records, count, isAsked, now);
  }

  #tellListeners(): void {
    for (const listener of this.#listeners) listener();
  }

  #onFound(found: AttachedInterface): void {
    this.#wiring.found(found);
    if (found.netnsInode === namespaceInode('/proc/self/ns/net')) {
      this.own.netnsIndex = found.netnsIndex;
    }
  }

  #requireInterfaces(): void {
    const attached = new Set(this.#collection.attachedInterfaces.map(({ name }) => name));
    const missing = this.options.interfaces.filter((name) => !attached.has(name));
    if (missing.length > 0) {
      throw new Failure(
        `there is no interface ${missing.join(', ')} in ${this.options.namespaces.join(', ')}`,
        'vethscope-agent topology prints the interfaces there are.',
      );
    }
  }
}

function ciliumNetns({ namespaces }: Topology): number | undefined {
  return namespaces.find(({ interfaces }) => interfaces.some(({ name }) => name === CILIUM_INTERFACE))?.inode;
}
