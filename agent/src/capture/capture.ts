import { setTimeout as pause } from 'node:timers/promises';
import type { AttachWay, Closable, PacketFilter } from '../../native/index.d.ts';
import type { Payload } from '../collector/addon.ts';
import type { AttachedInterface } from '../collector/attachedInterface.ts';
import { Collection } from '../collector/collection.ts';
import { Failure } from '../failure.ts';
import type { CaptureCounts, FileLimit } from './captureFile.ts';
import { CaptureFile } from './captureFile.ts';

export interface CaptureRequest {
  /** Who writes the file, for its first block. */
  readonly application: string;
  readonly node: string;
  /** Files of the namespaces. */
  readonly namespaces: readonly string[];
  /** Names in those; empty for all. */
  readonly interfaces: readonly string[];
  /** As the kernel allows where it is left out. */
  readonly attach?: AttachWay | undefined;
  /** Null where every packet is taken. */
  readonly filter: PacketFilter | null;
  /** Bytes kept of each packet. */
  readonly snapLength: number;
  /** Packets a second at each point and CPU; all where it is left out. */
  readonly rate?: number | undefined;
  /** Infinity for no end. */
  readonly mostPackets: number;
  readonly mostBytes: number;
}

/** Where a capture's bytes go; whole blocks each time. */
export interface CaptureSink {
  /** Whether nothing more should be written for now: packets are dropped and counted. */
  readonly isFull: boolean;
  write(blocks: Buffer): void;
}

const RING_BYTES = 16 << 20;
/** No flows are kept, but the collector needs a map. */
const MAP_FLOWS = 1024;
/** A protocol number that is reserved: no packet is counted as a flow. */
const NO_FLOWS = { protocols: [255] };
const NO_LIMIT = 0xffffffff;
const COUNTERS_INTERVAL = 1000;
/** Nothing for this long, and the ring is empty: it is read every 100 ms. */
const QUIET = 350;

/** Packets of interfaces on their way into one pcapng file, by programs and a ring of their own. */
export class Capture {
  /** Resolves when the file has reached a limit. */
  readonly full: Promise<FileLimit>;
  readonly #collection: Collection;
  readonly #file: CaptureFile;
  readonly #sink: CaptureSink;
  readonly #reader: Closable;
  readonly #counters: NodeJS.Timeout;
  #last = Date.now();

  private constructor(collection: Collection, file: CaptureFile, sink: CaptureSink) {
    this.#collection = collection;
    this.#file = file;
    this.#sink = sink;
    const { promise, resolve } = Promise.withResolvers<FileLimit>();
    this.full = promise;
    this.#reader = collection.events((records) => {
      this.#take(records);
      if (file.full !== null) resolve(file.full);
    });
    this.#counters = setInterval(() => file.note(collection.points()), COUNTERS_INTERVAL);
  }

  /** Packets are taken once it resolves. @param tell for messages to a person @throws Failure */
  static async open(
    payload: Payload,
    request: CaptureRequest,
    sink: CaptureSink,
    tell: (message: string) => void,
  ): Promise<Capture> {
    const refusals: string[] = [];
    // The file needs the collection's clock first; nothing is attached before a namespace is watched.
    let found: (one: AttachedInterface) => void = () => undefined;
    const collection = new Collection(
      payload,
      {
        mapFlows: MAP_FLOWS,
        ringBytes: RING_BYTES,
        interfaces: request.interfaces,
        attach: request.attach,
      },
      {
        found: (one) => found(one),
        attached: () => undefined,
        released: () => undefined,
        changed: () => undefined,
        refused: (message) => {
          refusals.push(message);
          tell(message);
        },
      },
    );
    try {
      collection.setFilter(NO_FLOWS);
      const { monotonic, realtime } = await collection.drain();
      const file = new CaptureFile({ ...request, clockOffset: realtime - monotonic });
      sink.write(file.header());
      found = (one) => sink.write(file.addInterface(one));
      await Promise.all(request.namespaces.map((path) => collection.watch(path)));
      requireInterfaces(collection, request.interfaces, refusals);
      collection.setCapture({
        filter: request.filter,
        snapLength: request.snapLength,
        packetsPerSecond: request.rate ?? NO_LIMIT,
      });
      return new Capture(collection, file, sink);
    } catch (error) {
      await collection.close();
      throw error;
    }
  }

  get counts(): CaptureCounts {
    return this.#file.counts;
  }

  /** Takes no packet more; those that were taken are still on their way. */
  stop(): void {
    this.#collection.setCapture(null);
  }

  /** Writes what is still on its way and the end of the file. */
  async finish(): Promise<void> {
    this.stop();
    do await pause(QUIET);
    while (Date.now() - this.#last < QUIET);
    this.#file.note(this.#collection.points());
    this.#sink.write(this.#file.statistics(BigInt(Date.now()) * 1_000_000n));
  }

  /** Detaches and frees everything. */
  async close(): Promise<void> {
    clearInterval(this.#counters);
    this.#reader.close();
    await this.#collection.close();
  }

  #take(records: Buffer): void {
    this.#last = Date.now();
    if (this.#sink.isFull) this.#file.drop(records);
    else this.#sink.write(this.#file.addEvents(records));
  }
}

function requireInterfaces(
  collection: Collection,
  wanted: readonly string[],
  refusals: readonly string[],
): void {
  const attached = new Set(collection.attachedInterfaces.map(({ name }) => name));
  const missing = wanted.filter((name) => !attached.has(name));
  if (missing.length === 0) return;
  const why = refusals.length === 0 ? '' : `, or the kernel refused it: ${refusals.join('; ')}`;
  throw new Failure(
    `there is no interface ${missing.join(', ')} in the namespaces given${why}`,
    'vethscope-agent topology prints the interfaces there are.',
  );
}
