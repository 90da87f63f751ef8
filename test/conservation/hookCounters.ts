/**
 * The kernel's own count of every interface and direction: nftables counters of the netdev family.
 *
 * Where they sit beside our programs: at ingress the kernel runs TCX first and nftables after it, at egress nftables first
 * and TCX after it (net/core/dev.c: sch_handle_ingress, nf_ingress; nf_hook_egress, sch_handle_egress). Ours let every
 * packet pass and so do these chains, so both see the same buffers. An interface's own statistics are taken elsewhere: a
 * veth counts before the backlog queue, which drops under load, so they are not the truth here.
 *
 * The counters are named objects of the table: they stay when their interface, and with it the chain, goes away.
 */
import { randomBytes } from 'node:crypto';
import { runIn } from '../lab/commands.ts';
import { interfaceStatistics } from '../lab/truth/interfaceStatistics.ts';
import type { Counted, Direction } from '../lab/truth/packetCounters.ts';

export const DIRECTIONS: readonly Direction[] = ['ingress', 'egress'];

/** What the kernel counted at one interface in one direction: kernel buffers, and their bytes as nftables sees them. */
export interface HookCount {
  readonly interface: string;
  readonly ifindex: number;
  readonly direction: Direction;
  readonly all: Counted;
  readonly tcp: Counted;
  /** Whether counting began before the interface was up: from its first packet on. */
  readonly fromStart: boolean;
}

interface CountedInterface {
  readonly name: string;
  readonly ifindex: number;
  readonly fromStart: boolean;
}

interface Listing {
  readonly nftables: readonly { readonly counter?: Counted & { readonly name: string } }[];
}

/** nft's number for "before everything else at ingress" and "after everything else at egress": nearest to the device. */
const PRIORITY = { ingress: -2147483648, egress: 2147483647 } as const;
const RULES = { all: '', tcp: 'meta l4proto tcp' } as const;

export class HookCounters {
  readonly netns: string;
  readonly #table = `truth_${randomBytes(4).toString('hex')}`;
  readonly #interfaces: CountedInterface[] = [];
  #start: readonly HookCount[] = [];

  /** Counts at every interface that the namespace has now; others are added. */
  constructor(netns: string) {
    this.netns = netns;
    runIn(netns, 'nft', ['add', 'table', 'netdev', this.#table]);
    for (const { name, ifindex } of interfaceStatistics(netns)) this.add(name, ifindex);
  }

  add(name: string, ifindex: number, fromStart = true): void {
    const number = this.#interfaces.push({ name, ifindex, fromStart }) - 1;
    const counters = DIRECTIONS.flatMap((direction) =>
      Object.keys(RULES).map((rule) => `counter ${counterName(number, direction, rule)} {}`),
    );
    const chains = DIRECTIONS.map((direction) => {
      const rules = Object.entries(RULES).map(
        ([rule, match]) => `${match} counter name ${counterName(number, direction, rule)}`,
      );
      const hook = `type filter hook ${direction} device "${name}" priority ${PRIORITY[direction]}; policy accept;`;
      return `chain ${direction}${number} {\n${hook}\n${rules.join('\n')}\n}`;
    });
    const table = `table netdev ${this.#table} {\n${[...counters, ...chains].join('\n')}\n}\n`;
    runIn(this.netns, 'nft', ['-f', '-'], table);
  }

  /** What passed before this reading counts no more. */
  startFrom(reading: readonly HookCount[]): void {
    this.#start = reading;
  }

  /** Since the start. Interfaces come in the order in which they were added. */
  read(): HookCount[] {
    return this.readAll().map((count, index) => {
      const start = this.#start[index];
      if (!start) return count;
      return { ...count, all: minus(count.all, start.all), tcp: minus(count.tcp, start.tcp) };
    });
  }

  /** Since the counters were made. */
  readAll(): HookCount[] {
    const listing = runIn(this.netns, 'nft', ['-j', 'list', 'counters', 'table', 'netdev', this.#table]);
    const counts = new Map(
      (JSON.parse(listing) as Listing).nftables.flatMap(({ counter }) =>
        counter ? [[counter.name, { packets: counter.packets, bytes: counter.bytes }] as const] : [],
      ),
    );
    const of = (number: number, direction: Direction, rule: string): Counted => {
      const count = counts.get(counterName(number, direction, rule));
      if (!count) {
        throw new Error(`nft lost the ${direction} counter of ${this.#interfaces[number]?.name ?? ''}`);
      }
      return count;
    };
    return this.#interfaces.flatMap(({ name, ifindex, fromStart }, number) =>
      DIRECTIONS.map((direction) => ({
        ...{ interface: name, ifindex, direction, fromStart },
        all: of(number, direction, 'all'),
        tcp: of(number, direction, 'tcp'),
      })),
    );
  }

  close(): void {
    runIn(this.netns, 'nft', ['delete', 'table', 'netdev', this.#table]);
  }
}

function minus(now: Counted, then: Counted): Counted {
  return { packets: now.packets - then.packets, bytes: now.bytes - then.bytes };
}

function counterName(number: number, direction: Direction, rule: string): string {
  return `c${number}_${direction}_${rule}`;
}
