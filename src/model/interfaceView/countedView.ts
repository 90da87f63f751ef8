import type { CountedKind, TrafficKind } from './traffic.ts';
import { TRAFFIC_LABELS } from './traffic.ts';
import type { KindCount, TrafficCounts } from './trafficCounts.ts';
import { contradicts } from './trafficCounts.ts';
import type { InterfaceView, TrafficLine } from './trafficLine.ts';

/** A line of the table with what was counted of its kind. */
export interface CountedLine extends TrafficLine {
  readonly counted: KindCount;
  /** Packets were counted, and the table says that there are none: one of the two is wrong. */
  readonly contradiction: boolean;
}

/** The *Sees / Cannot see* table with counts. */
export interface CountedView extends Omit<InterfaceView, 'lines'> {
  readonly lines: readonly CountedLine[];
  /** What no line is about. */
  readonly other: KindCount;
}

export const OTHER_LABEL = 'Other: what no line of this table is about';

export function labelOf(kind: CountedKind): string {
  return kind === 'other' ? OTHER_LABEL : TRAFFIC_LABELS[kind satisfies TrafficKind];
}

export function countedView({ lines, notes }: InterfaceView, counts: TrafficCounts): CountedView {
  return {
    lines: lines.map((line) => {
      const counted = counts[line.kind];
      return { ...line, counted, contradiction: contradicts(line, counted) };
    }),
    other: counts.other,
    notes,
  };
}
