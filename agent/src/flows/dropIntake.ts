import {
  COARSE_UNIT,
  EVENT,
  isLoopback,
  KEY,
  KEY_BYTES,
  readUint64,
  viewOf,
} from '../collector/flowLayout.ts';
import { NONE, ROW, ROW_BYTES } from './flowRow.ts';
import type { FlowJoin } from './flowJoin.ts';
import type { FlowTable } from './flowTable.ts';
import type { WallTime } from './recordIntake.ts';
import type { RowIdentity } from './rowIdentity.ts';
import type { SharedFlows } from './sharedFlows.ts';

/** Where a packet was dropped. */
export interface DropPlace {
  readonly node: string;
  /** Inode; 0 where it is not known. */
  readonly netns: number;
  /** Name of the interface, null where it is not known. */
  readonly point: string | null;
}

/** What a drop event's numbers stand for. */
export interface DropNames {
  reason(reason: number): string;
  /** @param netns index as in the event's key */
  place(netns: number, ifindex: number): DropPlace;
  /** Indices of the namespaces whose interfaces are observed, the node's own first. */
  readonly observed: readonly number[];
}

/** Adds the packets that the kernel told it dropped (bpf/flow.h EVENT_DROP) to the rows. */
export class DropIntake {
  readonly #table: FlowTable;
  readonly #identity: RowIdentity;
  readonly #join: FlowJoin;
  readonly #shared: SharedFlows;
  readonly #names: DropNames;
  readonly #isOwn: (view: DataView, keyOffset: number) => boolean;
  readonly #key = new Uint8Array(KEY_BYTES);
  #attributed = 0;

  /** @param isOwn whether a key belongs to the agent's own connection */
  constructor(
    table: FlowTable,
    identity: RowIdentity,
    join: FlowJoin,
    shared: SharedFlows,
    names: DropNames,
    isOwn: (view: DataView, keyOffset: number) => boolean,
  ) {
    this.#table = table;
    this.#identity = identity;
    this.#join = join;
    this.#shared = shared;
    this.#names = names;
    this.#isOwn = isOwn;
  }

  /** Wire packets that are in rows. */
  get attributed(): number {
    return this.#attributed;
  }

  /** Takes one event in. What has no key or no room stays in the ledger alone. */
  add(view: DataView, offset: number, wallTime: WallTime): void {
    const key = offset + EVENT.key;
    if (view.getUint8(key + KEY.family) === 0 || this.#isOwn(view, key)) return;
    const when = wallTime(Math.floor(readUint64(view, offset + EVENT.time) / COARSE_UNIT) >>> 0);
    const table = this.#table;
    const keyRow = this.#rowOf(view, key, when);
    if (keyRow === NONE) return;
    const row = table.flowOf(keyRow);
    const sentByHigh = (view.getUint16(offset + EVENT.point, true) & 1) === 1;
    const packets = view.getUint32(offset + EVENT.packets, true);
    const netns = view.getUint32(key + KEY.netns, true);
    const ifindex = view.getUint32(offset + EVENT.ifindex, true);
    table.drops.add(
      table.idOf(row),
      {
        reason: this.#names.reason(view.getUint32(offset + EVENT.value, true)),
        ...this.#names.place(netns, ifindex),
        ifindex,
        packets,
        fromHigh: sentByHigh !== table.isTurned(keyRow),
      },
      table.keepTime(when),
    );
    table.rows.setUint32(row * ROW_BYTES + ROW.dropped, table.uint32(row, ROW.dropped) + packets, true);
    this.#attributed += packets;
    table.touch(row);
  }

  /** A pod's packet is a row of the node, where the same packet passes the pod's veth; made when it never came there. */
  #rowOf(view: DataView, offset: number, when: number): number {
    const table = this.#table;
    const exact = table.findKey(view, offset);
    if (exact !== NONE) return exact;
    const key = this.#key;
    key.set(new Uint8Array(view.buffer, view.byteOffset + offset, KEY_BYTES));
    const copy = viewOf(key);
    const own = copy.getUint32(KEY.netns, true);
    const [node = own] = this.#names.observed;
    const isLocal = isLoopback(copy, KEY.lowAddress) || isLoopback(copy, KEY.highAddress);
    if (!isLocal) {
      for (const netns of this.#names.observed) {
        copy.setUint32(KEY.netns, netns, true);
        const found = table.findKey(copy, 0);
        if (found !== NONE) return found;
      }
    }
    copy.setUint32(KEY.netns, isLocal || this.#names.observed.includes(own) ? own : node, true);
    const joined = this.#join.open(copy, 0);
    if (joined !== NONE) return joined;
    const shared = this.#shared.find(copy, 0);
    if (shared !== NONE) return shared;
    const row = this.#shared.start(copy, 0);
    if (row !== NONE) this.#identity.stampByAddress(table.flowOf(row), when);
    return row;
  }
}
