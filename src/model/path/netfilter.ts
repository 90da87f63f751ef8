import type { Tuple } from '../flow.ts';
import type { Change } from './flowPath.ts';
import type { EndTranslation, Translated, TupleEnd } from './translation.ts';
import { isEnd, withDestination, withSource } from './translation.ts';
import type { Wirings } from './wirings.ts';

/** What NAT makes of a packet at a point of its way through a node. */
export interface Netfilter {
  translate(
    node: string,
    tuple: Tuple,
    when: 'before routing' | 'after routing',
  ): { readonly tuple: Tuple; readonly changes: readonly Change[] };
}

interface Rule {
  readonly node: string | null;
  readonly from: TupleEnd;
  readonly to: TupleEnd;
  readonly change: Change;
}

/**
 * The translations of one conversation, where they are made: on the node whose connection tracking tells of it; where that is
 * not known, that of a node's own address on the node that has it, any other on the first node of the way. Answers are
 * translated back there. Destinations are translated before routing, sources after it.
 */
export class FlowNat implements Netfilter {
  readonly #ofDestination: readonly Rule[];
  readonly #ofSource: readonly Rule[];

  /** @param first the node that the client's packets come to first, null where that is not known */
  constructor({ asked, translations }: Translated, wirings: Wirings, first: string | null) {
    const dnatAt = wirings.nodeWith(asked.destination)?.node ?? first;
    const placed = translations.map((one) => ({ ...one, node: nodeOf(one, wirings, dnatAt) }));
    this.#ofDestination = placed.map(({ kind, node, from, to }): Rule =>
      kind === 'dnat'
        ? { node, from, to, change: 'dnat' }
        : { node, from: to, to: from, change: 'undo-snat' },
    );
    this.#ofSource = placed.map(({ kind, node, from, to }): Rule =>
      kind === 'dnat'
        ? { node, from: to, to: from, change: 'undo-dnat' }
        : { node, from, to, change: 'snat' },
    );
  }

  translate(
    node: string,
    tuple: Tuple,
    when: 'before routing' | 'after routing',
  ): { readonly tuple: Tuple; readonly changes: readonly Change[] } {
    const ofDestination = when === 'before routing';
    const end = ofDestination
      ? { address: tuple.destination, port: tuple.destinationPort }
      : { address: tuple.source, port: tuple.sourcePort };
    const rules = ofDestination ? this.#ofDestination : this.#ofSource;
    const rule = rules.find((one) => one.node === node && isEnd(one.from, end));
    if (rule === undefined) return { tuple, changes: [] };
    const changed = ofDestination ? withDestination(tuple, rule.to) : withSource(tuple, rule.to);
    return { tuple: changed, changes: [rule.change] };
  }
}

function nodeOf(
  { kind, from, to, node }: EndTranslation,
  wirings: Wirings,
  dnatAt: string | null,
): string | null {
  const own = wirings.nodeWith(kind === 'dnat' ? from.address : to.address)?.node;
  return node ?? own ?? dnatAt;
}
