import { DETAIL_FRAGMENT, IP_PROTOCOL, KEY, KEY_BYTES } from '../collector/flowLayout.ts';
import { ROW, ROW_BYTES } from './flowRow.ts';
import type { FlowTable } from './flowTable.ts';

/** Keys that are asked for in one interval: some milliseconds of a thread. */
const MOST_AT_ONCE = 512;
/** Rows that wait to be asked for; a row beyond them is asked for when it changes again. */
const MOST_WAITING = 20_000;
const WITH_PORTS = new Set<number>([IP_PROTOCOL.tcp, IP_PROTOCOL.udp, IP_PROTOCOL.sctp, 33, 136]);

/**
 * Asks who began these flow keys, packed.
 * @param netns index of their namespace, as in flow keys
 * @returns for each SIDE_NUMBER, 0 where it is not known; null where nobody can be asked
 */
export type AskInitiators = (netns: number, keys: Uint8Array) => Promise<Uint8Array | null>;

interface Asked {
  readonly row: number;
  readonly id: number;
}

/** Has connection tracking tell who began flows whose opening was not seen: UDP, and what is older than the session. */
export class Initiators {
  /** Flows that were asked for, and those of them that had an answer. */
  readonly counts = { asked: 0, told: 0 };
  readonly #table: FlowTable;
  readonly #ask: AskInitiators;
  #waiting: Asked[] = [];
  #answers: { readonly asked: readonly Asked[]; readonly sides: Uint8Array }[] = [];
  #running: Promise<void> | null = null;

  constructor(table: FlowTable, ask: AskInitiators) {
    this.#table = table;
    this.#ask = ask;
  }

  /** A row that changed. */
  note(row: number): void {
    const table = this.#table;
    if (!this.#isOpen(row) || table.uint8(row, ROW.sourceAsked) !== 0) return;
    if (this.#waiting.length >= MOST_WAITING || !hasPorts(table, row)) return;
    table.rows.setUint8(row * ROW_BYTES + ROW.sourceAsked, 1);
    this.#waiting.push({ row, id: table.idOf(row) });
  }

  /** Writes what was answered since the last time into its rows. */
  take(): void {
    for (const { asked, sides } of this.#answers) {
      asked.forEach(({ row, id }, index) => {
        const side = sides[index] ?? 0;
        if (side === 0) return;
        this.counts.told += 1;
        if (this.#table.idOf(row) !== id || !this.#isOpen(row)) return;
        this.#table.rows.setUint8(row * ROW_BYTES + ROW.source, side);
        this.#table.touch(row);
      });
    }
    this.#answers = [];
  }

  /** Asks for some of what waits, one round at a time. */
  send(): void {
    if (this.#running !== null || this.#waiting.length === 0) return;
    const some = this.#waiting.slice(0, MOST_AT_ONCE);
    this.#waiting = this.#waiting.slice(MOST_AT_ONCE);
    this.#running = this.#askAll(some).finally(() => (this.#running = null));
  }

  /** Asks for all that waits, and waits for the answers. */
  async settle(): Promise<void> {
    await this.#running;
    while (this.#waiting.length > 0) {
      this.send();
      await this.#running;
    }
  }

  async #askAll(some: readonly Asked[]): Promise<void> {
    const byNetns = new Map<number, Asked[]>();
    for (const asked of some) {
      if (this.#table.idOf(asked.row) !== asked.id || !this.#isOpen(asked.row)) continue;
      const netns = this.#table.uint32(asked.row, ROW.key + KEY.netns);
      const same = byNetns.get(netns);
      if (same === undefined) byNetns.set(netns, [asked]);
      else same.push(asked);
    }
    for (const [netns, asked] of byNetns) {
      const sides = await this.#ask(netns, this.#keysOf(asked));
      if (sides === null) continue;
      this.counts.asked += asked.length;
      this.#answers.push({ asked, sides });
    }
  }

  #keysOf(asked: readonly Asked[]): Uint8Array {
    const { buffer, byteOffset } = this.#table.rows;
    const keys = Buffer.alloc(asked.length * KEY_BYTES);
    asked.forEach(({ row }, index) => {
      keys.set(new Uint8Array(buffer, byteOffset + row * ROW_BYTES + ROW.key, KEY_BYTES), index * KEY_BYTES);
    });
    return keys;
  }

  /** Whether nothing tells who began it. */
  #isOpen(row: number): boolean {
    const table = this.#table;
    return (
      table.isLive(row) &&
      table.uint8(row, ROW.original) === 0 &&
      table.uint8(row, ROW.opened) === 0 &&
      table.uint8(row, ROW.source) === 0
    );
  }
}

function hasPorts(table: FlowTable, row: number): boolean {
  const isFragment = table.uint16(row, ROW.key + KEY.detail) === DETAIL_FRAGMENT;
  return WITH_PORTS.has(table.uint8(row, ROW.key + KEY.protocol)) && !isFragment;
}

/** Who began a flow: who was seen to open it, else who connection tracking has as its source; 0 where neither tells. */
export function initiatorOf(table: FlowTable, row: number): number {
  // Of a translated connection the source is that, whoever's SYN was seen.
  return table.uint8(row, ROW.original) || table.uint8(row, ROW.opened) || table.uint8(row, ROW.source);
}
