/** nftables rules that drop, and count what they dropped. */
import { runIn } from '../commands.ts';

const TABLE = 'drops';

interface NftRule {
  readonly rule?: { readonly expr: readonly { readonly counter?: { readonly packets: number } }[] };
}

export class DropRule {
  private readonly netns: string;
  private readonly hook: string;

  /** @param match nft expressions, for example 'udp dport 7001'. One rule a hook and namespace; it goes with the namespace. */
  constructor(netns: string, hook: 'input' | 'forward' | 'output', match: string) {
    this.netns = netns;
    this.hook = hook;
    const chain = `type filter hook ${hook} priority 0; policy accept;\n${match} counter drop`;
    runIn(netns, 'nft', ['-f', '-'], `table inet ${TABLE} {\nchain ${hook} {\n${chain}\n}\n}\n`);
  }

  get packets(): number {
    const listed = JSON.parse(
      runIn(this.netns, 'nft', ['-j', 'list', 'chain', 'inet', TABLE, this.hook]),
    ) as { nftables: readonly NftRule[] };
    const counter = listed.nftables
      .flatMap(({ rule }) => rule?.expr ?? [])
      .find((expression) => expression.counter)?.counter;
    if (!counter) throw new Error(`no counter in ${this.netns} ${this.hook}`);
    return counter.packets;
  }
}
