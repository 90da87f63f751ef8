export interface ColumnWidth {
  /** Share of the space that is left; 0 keeps the column at its width. */
  readonly grow: number;
  readonly width: number;
  readonly minimum: number;
}

/**
 * Pixels for each column in a grid of the given width. Columns that a person sized keep that; the others share what
 * is left by `grow`, never below their own width.
 */
export function layoutColumns(
  columns: readonly ColumnWidth[],
  sized: readonly (number | undefined)[],
  available: number,
): number[] {
  const fixed = columns.map(({ width, minimum }, index) => Math.max(minimum, sized[index] ?? width));
  const left = available - fixed.reduce((sum, width) => sum + width, 0);
  const shares = columns.map(({ grow }, index) => (sized[index] === undefined ? grow : 0));
  const allShares = shares.reduce((sum, share) => sum + share, 0);
  if (left <= 0 || allShares === 0) return fixed;
  return fixed.map((width, index) => width + Math.floor((left * (shares[index] ?? 0)) / allShares));
}
