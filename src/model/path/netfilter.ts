import type { Tuple } from '../flow.ts';
import type { Change } from './flowPath.ts';
import type { Translated } from './translation.ts';
import { isSameTuple, turned } from './translation.ts';
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
  readonly when: 'before routing' | 'after routing';
  readonly from: Tuple;
  readonly to: Tuple;
  readonly change: Change;
}

/**
 * The translations of one conversation, where they are made: that of a node's own address on the node that has it, any
 * other on the first node of the way. Answers are translated back there: the destination before routing, the source after it.
 */
export class FlowNat implements Netfilter {
  readonly #rules: readonly Rule[];

  /** @param first the node that the client's packets come to first, null where that is not known */
  constructor(flow: Translated, wirings: Wirings, first: string | null) {
    const { asked, chosen, sent } = flow;
    const dnatAt = wirings.nodeWith(asked.destination)?.node ?? first;
    const snatAt = wirings.nodeWith(sent.source)?.node ?? dnatAt;
    const rules: Rule[] = [];
    if (flow.hasDnat) {
      rules.push(
        { node: dnatAt, when: 'before routing', from: asked, to: chosen, change: 'dnat' },
        { node: dnatAt, when: 'after routing', from: turned(chosen), to: turned(asked), change: 'undo-dnat' },
      );
    }
    if (flow.hasSnat) {
      rules.push(
        { node: snatAt, when: 'after routing', from: chosen, to: sent, change: 'snat' },
        { node: snatAt, when: 'before routing', from: turned(sent), to: turned(chosen), change: 'undo-snat' },
      );
    }
    this.#rules = rules;
  }

  translate(
    node: string,
    tuple: Tuple,
    when: 'before routing' | 'after routing',
  ): { readonly tuple: Tuple; readonly changes: readonly Change[] } {
    const rule = this.#rules.find(
      (one) => one.node === node && one.when === when && isSameTuple(one.from, tuple),
    );
    return rule === undefined ? { tuple, changes: [] } : { tuple: rule.to, changes: [rule.change] };
  }
}
