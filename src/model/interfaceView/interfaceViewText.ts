import type { Passage, InterfaceView } from './trafficLine.ts';

const WORDS: Readonly<Record<Passage, string>> = {
  all: 'sees',
  part: 'sees part',
  inside: 'sees inside a tunnel',
  none: 'cannot see',
};

/** The table, a line a kind of traffic: for copying, and for comparison in tests. */
export function interfaceViewText({ lines, notes }: InterfaceView): string {
  const rows = lines.map(({ label, passage, reason, evidence, seenBy, more }) => {
    const why = evidence.length === 0 ? '' : ` (${evidence.join('; ')})`;
    const others = more === 0 ? '' : ` and ${more} more`;
    const where =
      seenBy.length === 0 ? '' : ` Seen at ${seenBy.map(({ name }) => name).join(', ')}${others}.`;
    return `${WORDS[passage]}: ${label}. ${reason}${why}${where}`;
  });
  return `${[...rows, ...notes].join('\n')}\n`;
}
