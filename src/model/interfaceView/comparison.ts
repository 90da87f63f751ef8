import { countedView } from './countedView.ts';
import type { CountedLine } from './countedView.ts';
import { countText } from './interfaceViewText.ts';
import { PASSAGE_WORDS } from './interfaceViewText.ts';
import type { TrafficKind } from './traffic.ts';
import { TRAFFIC_KINDS, TRAFFIC_LABELS } from './traffic.ts';
import type { TrafficCounts } from './trafficCounts.ts';
import type { InterfaceView, TrafficLine } from './trafficLine.ts';

/** An interface that is compared; counts are null where none are known. */
export interface ComparedView {
  readonly name: string;
  readonly view: InterfaceView;
  readonly counts: TrafficCounts | null;
}

/** One kind of traffic at every interface, in their order; null where there is no such interface now. */
export interface ComparisonLine {
  readonly kind: TrafficKind;
  readonly label: string;
  readonly at: readonly (TrafficLine | CountedLine | null)[];
  /** In words who sees it, where they do not all see the same of it; else null. */
  readonly differs: string | null;
}

/** What interfaces see and cannot see, kind by kind. */
export function comparison(compared: readonly (ComparedView | null)[]): ComparisonLine[] {
  const lines = compared.map((one) => {
    if (one === null) return null;
    const counted = one.counts === null ? one.view : countedView(one.view, one.counts);
    return new Map(counted.lines.map((line) => [line.kind, line] as const));
  });
  return TRAFFIC_KINDS.map((kind) => {
    const at = lines.map((of) => of?.get(kind) ?? null);
    return { kind, label: TRAFFIC_LABELS[kind], at, differs: differenceOf(compared, at) };
  });
}

function differenceOf(
  compared: readonly (ComparedView | null)[],
  at: readonly (TrafficLine | null)[],
): string | null {
  const known = at.flatMap((line, place) => {
    const name = compared[place]?.name;
    return line === null || name === undefined ? [] : [{ name, passage: line.passage }];
  });
  if (new Set(known.map(({ passage }) => passage)).size <= 1) return null;
  const seeing = known.filter(({ passage }) => passage !== 'none');
  const missing = known.filter(({ passage }) => passage === 'none');
  if (seeing.length === 1) return `only at ${seeing[0]?.name ?? ''}`;
  return missing.length === 1 ? `not at ${missing[0]?.name ?? ''}` : 'not all alike';
}

/** The comparison for copying: a paragraph a kind, a line an interface. */
export function comparisonText(names: readonly string[], lines: readonly ComparisonLine[]): string {
  const paragraphs = lines.map(({ label, at, differs }) => {
    const rows = at.flatMap((line, place) => {
      if (line === null) return [];
      const counted = 'counted' in line ? ` ${countText(line.counted)}` : '';
      return [`  ${names[place] ?? '?'}: ${PASSAGE_WORDS[line.passage]}. ${line.reason}${counted}`];
    });
    return [`${differs === null ? '=' : '≠'} ${label}`, ...rows].join('\n');
  });
  return `${paragraphs.join('\n')}\n`;
}
