import type { PointCounters } from '../../native/index.d.ts';
import type { AttachedInterface } from '../collector/attachedInterface.ts';
import { forEachEvent } from '../collector/eventQueue.ts';
import { EVENT, EVENT_KIND } from '../collector/flowLayout.ts';
import type { CapturedPacket } from './pcapng.ts';
import {
  interfaceBlock,
  LINK_TYPE,
  packetBlockBytes,
  sectionBlock,
  statisticsBlock,
  writePacketBlock,
} from './pcapng.ts';

export interface CaptureFileOptions {
  readonly application: string;
  readonly node: string;
  /** Bytes kept of each packet. */
  readonly snapLength: number;
  /** After which the file is whole; Infinity for no end. */
  readonly mostPackets: number;
  /** Likewise, of blocks of packets. */
  readonly mostBytes: number;
  /** CLOCK_REALTIME minus CLOCK_MONOTONIC, nanoseconds. One for the whole file, so that times stay in order. */
  readonly clockOffset: bigint;
}

/** What makes a file whole. */
export type FileLimit = 'packets' | 'bytes';

export interface CaptureCounts {
  /** In the file. */
  readonly packets: number;
  /** Of those, packets of which the end was cut. */
  readonly truncated: number;
  /** Packets that matched and are not in the file. */
  readonly lost: number;
}

interface CapturedInterface {
  /** In the file. */
  readonly number: number;
  /** Kernel buffers that it had, and packets that did not come as far as us. */
  received: number;
  suppressed: number;
  /** Packets that came and nobody could take. */
  unwritten: number;
}

/** ARPHRD_ETHER and ARPHRD_LOOPBACK; packets of all others begin with the IP header. */
const ETHERNET_TYPES = new Set([1, 772]);

/** Makes the content of a pcapng file from what is attached and captured. */
export class CaptureFile {
  readonly #options: CaptureFileOptions;
  /** By Attachment.index; a number may be given again, to another interface. */
  readonly #current = new Map<number, CapturedInterface>();
  readonly #all: CapturedInterface[] = [];
  #packets = 0;
  #truncated = 0;
  #bytes = 0;
  #full: FileLimit | null = null;

  constructor(options: CaptureFileOptions) {
    this.#options = options;
  }

  /** What is in the file and what is not, so far. */
  get counts(): CaptureCounts {
    return { packets: this.#packets, truncated: this.#truncated, lost: this.#lost };
  }

  /** The limit that was reached: packets that come after it are none of the file's. */
  get full(): FileLimit | null {
    return this.#full;
  }

  header(): Buffer {
    return sectionBlock(this.#options.application);
  }

  addInterface({ index, netnsInode, name, type }: AttachedInterface): Buffer {
    const added = { number: this.#all.length, received: 0, suppressed: 0, unwritten: 0 };
    this.#all.push(added);
    this.#current.set(index, added);
    const linkType = ETHERNET_TYPES.has(type) ? LINK_TYPE.ethernet : LINK_TYPE.raw;
    return interfaceBlock(`${this.#options.node}/${netnsInode}/${name}`, linkType, this.#options.snapLength);
  }

  /** The packets among these events, in the order of their times. */
  addEvents(records: Uint8Array): Buffer {
    const packets: CapturedPacket[] = [];
    let bytes = 0;
    this.#forEachPacket(records, (packet) => {
      if (this.#full !== null) return;
      const block = packetBlockBytes(packet.data.length);
      if (this.#bytes + block > this.#options.mostBytes) {
        this.#full = 'bytes';
        return;
      }
      packets.push(packet);
      bytes += block;
      this.#bytes += block;
      this.#packets += 1;
      if (packet.data.length < packet.length) this.#truncated += 1;
      if (this.#packets >= this.#options.mostPackets) this.#full = 'packets';
    });
    packets.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
    const blocks = Buffer.allocUnsafe(bytes);
    packets.reduce((offset, packet) => writePacketBlock(blocks, offset, packet), 0);
    return blocks;
  }

  /** Counts packets that nobody could take. */
  drop(records: Uint8Array): void {
    if (this.#full === null) this.#forEachPacket(records, (_packet, of) => (of.unwritten += 1));
  }

  /** Notes the counters of what is attached; of what was released the last ones stay. */
  note(counters: readonly PointCounters[]): void {
    const sums = new Map<CapturedInterface, { received: number; suppressed: number }>();
    for (const { index, buffers, suppressed, eventsLost } of counters) {
      const of = this.#current.get(index);
      if (of === undefined) continue;
      const sum = sums.get(of) ?? { received: 0, suppressed: 0 };
      sum.received += buffers;
      sum.suppressed += (suppressed[EVENT_KIND.capture] ?? 0) + eventsLost;
      sums.set(of, sum);
    }
    for (const [of, sum] of sums) Object.assign(of, sum);
  }

  /** The end of the file. @param time nanoseconds since the epoch */
  statistics(time: bigint): Buffer {
    return Buffer.concat(
      this.#all.map(({ number, received, suppressed, unwritten }) =>
        statisticsBlock(number, time, received, suppressed + unwritten),
      ),
    );
  }

  get #lost(): number {
    return this.#all.reduce((sum, { suppressed, unwritten }) => sum + suppressed + unwritten, 0);
  }

  #forEachPacket(
    records: Uint8Array,
    callback: (packet: CapturedPacket, of: CapturedInterface) => void,
  ): void {
    forEachEvent([records], (view, offset, kind) => {
      const point = view.getUint16(offset + EVENT.point, true);
      const of = this.#current.get(point >>> 3);
      if (kind !== EVENT_KIND.capture || of === undefined) return;
      const start = records.byteOffset + offset + EVENT.data;
      const packet = {
        interface: of.number,
        time: view.getBigUint64(offset + EVENT.time, true) + this.#options.clockOffset,
        outbound: (point & 2) !== 0,
        length: view.getUint32(offset + EVENT.length, true),
        data: new Uint8Array(records.buffer, start, view.getUint32(offset + EVENT.captured, true)),
      };
      callback(packet, of);
    });
  }
}
