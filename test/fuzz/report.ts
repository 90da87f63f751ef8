/** What a campaign found, as text. */
import type { Disagreement, Tally } from './campaign.ts';

/** Of each part; the rest is counted. */
const SHOWN = 8;

/** The first few of each part, which is what is printed and kept. */
export function shown(disagreements: readonly Disagreement[]): Disagreement[] {
  const byPart = Map.groupBy(disagreements, ({ part }) => part);
  return [...byPart.values()].flatMap((found) => found.slice(0, SHOWN));
}

export function report(tally: Tally): string {
  const lines = [...tally.counts].sort().map(([name, count]) => `${String(count).padStart(9)}  ${name}`);
  for (const { packet, part, ours, theirs } of shown(tally.disagreements)) {
    lines.push(`\n${part}\n  ours:   ${ours}\n  theirs: ${theirs}\n  ${packet.toString('hex')}`);
  }
  return lines.join('\n');
}
