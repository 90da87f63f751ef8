/** One line of the bench's table. */
export interface Figure {
  readonly what: string;
  readonly value: string;
  /** What we aim for now; null where there is no aim. */
  readonly aim: string | null;
  readonly reached: boolean | null;
}

export const figure = (
  what: string,
  value: string,
  aim: string | null = null,
  reached: boolean | null = null,
): Figure => ({ what, value, aim, reached });

/** What a part of the bench found. */
export interface Result {
  /** Comparisons in Markdown, printed above the figures. */
  readonly tables: readonly string[];
  readonly figures: readonly Figure[];
}

export function table(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, value, aim, reached }) => {
    const mark = reached === null ? '' : reached ? 'reached' : 'missed';
    return [what, value, aim ?? '', mark];
  });
  return markdown([['figure', 'value', 'aim', ''], ...rows]);
}

/** The first row is the head. */
export function markdown(all: readonly (readonly string[])[]): string {
  const columns = [...(all[0] ?? []).keys()];
  const widths = columns.map((column) => Math.max(3, ...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = all;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('no value was measured');
  return middle;
}
