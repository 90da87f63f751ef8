import { formatCount } from '../format.ts';
import type { CountedView } from './countedView.ts';
import { OTHER_LABEL } from './countedView.ts';
import type { KindCount } from './trafficCounts.ts';
import type { InterfaceView, Passage } from './trafficLine.ts';

export const PASSAGE_WORDS: Readonly<Record<Passage, string>> = {
  all: 'sees',
  part: 'sees part',
  inside: 'sees inside a tunnel',
  none: 'cannot see',
};

/** The table, a line a kind of traffic: for copying, and for comparison in tests. With counts where there are some. */
export function interfaceViewText(view: InterfaceView | CountedView): string {
  const rows = view.lines.map((line) => {
    const { label, passage, reason, evidence, seenBy, more, strays } = line;
    const why = evidence.length === 0 ? '' : ` (${evidence.join('; ')})`;
    const others = more === 0 ? '' : ` and ${more} more`;
    const where =
      seenBy.length === 0 ? '' : ` Seen at ${seenBy.map(({ name }) => name).join(', ')}${others}.`;
    const few = strays === null ? '' : ` ${strays}`;
    const counted = 'counted' in line ? ` ${countText(line.counted)}` : '';
    const wrong = 'contradiction' in line && line.contradiction ? ` ${CONTRADICTION}` : '';
    return `${PASSAGE_WORDS[passage]}: ${label}. ${reason}${why}${few}${where}${counted}${wrong}`;
  });
  const other = 'other' in view ? [`${OTHER_LABEL}. ${countText(view.other)}`] : [];
  return `${[...rows, ...other, ...view.notes].join('\n')}\n`;
}

/** A count where the table has none. */
export const CONTRADICTION =
  'This contradicts the table: the wiring is not understood here, or a packet was taken for another kind.';

/** `Counted: 12 packets, 1,204 bytes.` */
export function countText({ packets, bytes, inner }: KindCount): string {
  const plain = `${formatCount(packets)} packets, ${formatCount(bytes)} bytes`;
  if (inner.packets === 0) return `Counted: ${plain}.`;
  const wrapped = `${formatCount(inner.packets)} packets, ${formatCount(inner.bytes)} bytes inside a tunnel`;
  return packets === 0 ? `Counted: ${wrapped}.` : `Counted: ${plain}, and ${wrapped}.`;
}
