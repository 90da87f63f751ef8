/**
 * nftables counters at the netdev hooks of one interface: what passes it, by rules that a test names.
 * A counter counts kernel buffers. Its bytes are the buffer's length at the hook: from the IP header on at ingress,
 * where the Ethernet header is already pulled, and with the Ethernet header at egress.
 */
import { runIn } from '../commands.ts';

export type Direction = 'ingress' | 'egress';

export interface Counted {
  readonly packets: number;
  readonly bytes: number;
}

export const ETHERNET_HEADER = 14;

interface NftRule {
  readonly rule?: {
    readonly chain: string;
    readonly comment?: string;
    readonly expr: readonly { readonly counter?: Counted }[];
  };
}

export class PacketCounters {
  private readonly netns: string;
  private readonly interfaces: readonly string[];
  private readonly table: string;

  /**
   * Adds one counter a rule, interface and direction.
   * @param rules nft matches by name, for example { udp: 'meta l4proto udp' }; '' matches everything
   */
  constructor(
    netns: string,
    table: string,
    interfaces: readonly string[],
    rules: Readonly<Record<string, string>>,
  ) {
    this.netns = netns;
    this.table = table;
    this.interfaces = interfaces;
    const chains = interfaces.flatMap((name, index) =>
      (['ingress', 'egress'] as const).map((direction) => {
        const lines = Object.entries(rules).map(([rule, match]) => `${match} counter comment "${rule}"`);
        const hook = `type filter hook ${direction} device "${name}" priority 0; policy accept;`;
        return `chain ${direction}${index} {\n${hook}\n${lines.join('\n')}\n}`;
      }),
    );
    runIn(netns, 'nft', ['-f', '-'], `table netdev ${table} {\n${chains.join('\n')}\n}\n`);
  }

  read(): PacketCounts {
    const listed = JSON.parse(runIn(this.netns, 'nft', ['-j', 'list', 'table', 'netdev', this.table])) as {
      nftables: readonly NftRule[];
    };
    const counts = new Map<string, Counted>();
    for (const { rule } of listed.nftables) {
      const counter = rule?.expr.find((expression) => expression.counter)?.counter;
      if (!rule?.comment || !counter) continue;
      const [, direction = '', index = ''] = /^(ingress|egress)(\d+)$/.exec(rule.chain) ?? [];
      const name = this.interfaces[Number(index)] ?? '';
      counts.set(`${rule.comment} ${name} ${direction}`, counter);
    }
    return new PacketCounts(counts);
  }

  close(): void {
    runIn(this.netns, 'nft', ['delete', 'table', 'netdev', this.table]);
  }
}

/** One reading of all counters. */
export class PacketCounts {
  private readonly counts: ReadonlyMap<string, Counted>;

  constructor(counts: ReadonlyMap<string, Counted>) {
    this.counts = counts;
  }

  of(rule: string, name: string, direction: Direction): Counted {
    const counted = this.counts.get(`${rule} ${name} ${direction}`);
    if (!counted) throw new Error(`no counter for ${rule} at ${name} ${direction}`);
    return counted;
  }

  /** What was counted after an earlier reading. */
  since(earlier: PacketCounts): PacketCounts {
    const difference = new Map<string, Counted>();
    for (const [key, now] of this.counts) {
      const then = earlier.counts.get(key) ?? { packets: 0, bytes: 0 };
      difference.set(key, { packets: now.packets - then.packets, bytes: now.bytes - then.bytes });
    }
    return new PacketCounts(difference);
  }
}
