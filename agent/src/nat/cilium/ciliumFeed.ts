import type { Addon } from '../../collector/addon.ts';
import { IP_PROTOCOL, KEY, RECORD, RECORD_BYTES, SIDE, viewOf } from '../../collector/flowLayout.ts';
import { messageOf } from '../../failure.ts';
import type { ConntrackBatch } from '../conntrackFeed.ts';
import { CONNTRACK, CONNTRACK_BYTES, CONNTRACK_KIND, TUPLE } from '../conntrackLayout.ts';
import { ciliumNodeOf } from './ciliumAddresses.ts';
import { CiliumConnections } from './ciliumConnections.ts';
import type { CiliumTranslation } from './ciliumConnections.ts';
import type { CiliumMaps } from './ciliumMaps.ts';
import { UnreadableMaps } from './ciliumMaps.ts';
import { openCiliumMaps } from './ciliumNode.ts';
import { keyEnd } from './ciliumTuples.ts';
import type { End, Question } from './ciliumTuples.ts';

/** What Cilium translates of the flows of an interval. */
export interface CiliumAnswer {
  readonly batches: readonly ConntrackBatch[];
  /** Offsets of records whose flows it does not translate. */
  readonly untranslated: readonly number[];
}

/** The namespace that Cilium's programs are in. */
export interface CiliumPlace {
  readonly inode: number;
  /** As in flow keys. */
  readonly index: number;
}

/** Flows that are asked for in one interval, some 4 µs each; others stay as they are seen, and may be asked for later. */
const MOST_AT_ONCE = 8192;
/** Cilium may replace its maps; they are opened again this often, milliseconds. */
const REOPENING = 5000;
const NOTHING: CiliumAnswer = { batches: [], untranslated: [] };
/** What Cilium's Services carry. */
const PROTOCOLS = new Set<number>([IP_PROTOCOL.tcp, IP_PROTOCOL.udp, IP_PROTOCOL.sctp]);
/** There is no other of the same tuples: conntrack's ids tell connections apart. */
const ID = 1;

/**
 * Asks Cilium's maps what it translates, flow by flow as they are first counted: nothing tells of its translations as they
 * are made, and its tables may have half a million entries.
 */
export class CiliumFeed {
  /** Flows that were asked for, and those of them that it translates. */
  readonly counts = { asked: 0, translated: 0 };
  readonly #addon: Addon;
  readonly #tell: (message: string) => void;
  #inode: number | undefined;
  #maps: CiliumMaps | undefined;
  #openedAt = -Infinity;
  #told: string | undefined;

  /** @param tell is told why nothing can be asked, once each cause */
  constructor(addon: Addon, tell: (message: string) => void) {
    this.#addon = addon;
    this.#tell = tell;
  }

  /**
   * @param records of the kernel, as they were drained; a translation is made before a packet leaves Cilium's programs, so
   * it is known by now @param isAsked whether the flow of a record is to be asked for @param now milliseconds since the epoch
   */
  take(
    place: CiliumPlace | null,
    records: Uint8Array,
    count: number,
    isAsked: (view: DataView, offset: number) => boolean,
    now: number,
  ): CiliumAnswer {
    if (place === null) return NOTHING;
    this.#open(place.inode, now);
    if (this.#maps === undefined) return NOTHING;
    const view = viewOf(records);
    const offsets: number[] = [];
    for (let record = 0; record < count && offsets.length < MOST_AT_ONCE; record += 1) {
      const offset = record * RECORD_BYTES;
      if (isAnswerable(view, offset, place.index) && isAsked(view, offset)) offsets.push(offset);
    }
    return offsets.length === 0 ? NOTHING : this.#ask(this.#maps, view, offsets, place.index);
  }

  /** @returns the address that Kubernetes has of the other node whose address it is; null where Cilium has none, or is none */
  nodeOf(address: string): string | null {
    return this.#maps === undefined ? null : ciliumNodeOf(this.#maps, address);
  }

  close(): void {
    this.#maps?.close();
    this.#maps = undefined;
  }

  #ask(maps: CiliumMaps, view: DataView, offsets: readonly number[], netns: number): CiliumAnswer {
    const questions = offsets.flatMap((offset) => [
      questionOf(view, offset, false),
      questionOf(view, offset, true),
    ]);
    const answers = new CiliumConnections(maps).find(questions);
    const onWire: Uint8Array[] = [];
    const atSocket: Uint8Array[] = [];
    const untranslated: number[] = [];
    offsets.forEach((offset, index) => {
      const answer = answers[index * 2] ?? answers[index * 2 + 1] ?? null;
      if (answer === null) untranslated.push(offset);
      else {
        const protocol = view.getUint8(offset + KEY.protocol);
        (answer.atSocket ? atSocket : onWire).push(recordOf(answer, protocol));
      }
    });
    this.counts.asked += offsets.length;
    this.counts.translated += offsets.length - untranslated.length;
    const batch = (records: readonly Uint8Array[], by: ConntrackBatch['by']): ConntrackBatch => ({
      netns,
      records: Buffer.concat(records),
      since: 0,
      isWhole: false,
      by,
    });
    return { batches: [batch(onWire, 'cilium'), batch(atSocket, 'cilium-socket')], untranslated };
  }

  #open(inode: number, now: number): void {
    if (inode === this.#inode && now - this.#openedAt < REOPENING) return;
    this.close();
    this.#inode = inode;
    this.#openedAt = now;
    try {
      this.#maps = openCiliumMaps(this.#addon, inode);
    } catch (error) {
      if (!(error instanceof UnreadableMaps)) throw error;
      const message = `what Cilium translates is not joined: ${messageOf(error)}`;
      if (message !== this.#told) this.#tell(message);
      this.#told = message;
    }
  }
}

function isAnswerable(view: DataView, key: number, netns: number): boolean {
  return (
    view.getUint32(key + KEY.netns, true) === netns &&
    view.getUint8(key + KEY.family) === 4 &&
    view.getUint16(key + KEY.detail, true) === 0 &&
    PROTOCOLS.has(view.getUint8(key + KEY.protocol))
  );
}

function questionOf(view: DataView, record: number, clientIsHigh: boolean): Question {
  const side = record + (clientIsHigh ? RECORD.high : RECORD.low);
  return {
    client: keyEnd(view, record, clientIsHigh),
    server: keyEnd(view, record, !clientIsHigh),
    protocol: view.getUint8(record + KEY.protocol),
    cookie: view.getBigUint64(side + SIDE.cookie, true),
  };
}

/** As the connection tracking would have it. */
function recordOf({ client, asked, server, source }: CiliumTranslation, protocol: number): Uint8Array {
  const record = new Uint8Array(CONNTRACK_BYTES);
  const view = viewOf(record);
  view.setUint8(CONNTRACK.kind, CONNTRACK_KIND.listed);
  view.setUint8(CONNTRACK.family, 4);
  view.setUint8(CONNTRACK.protocol, protocol);
  view.setUint32(CONNTRACK.id, ID, true);
  writeEnds(view, CONNTRACK.original, client, asked);
  writeEnds(view, CONNTRACK.reply, server, source);
  return record;
}

function writeEnds(view: DataView, at: number, source: End, destination: End): void {
  for (const [offset, { address }] of [
    [at + TUPLE.source, source],
    [at + TUPLE.destination, destination],
  ] as const) {
    view.setUint16(offset + 10, 0xffff);
    view.setUint32(offset + 12, address);
  }
  view.setUint16(at + TUPLE.sourcePort, source.port, true);
  view.setUint16(at + TUPLE.destinationPort, destination.port, true);
}
