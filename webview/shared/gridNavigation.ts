/** A cell of a grid. Row -1 is the header. */
export interface GridPosition {
  readonly row: number;
  readonly column: number;
}

export interface GridExtent {
  readonly rows: number;
  readonly columns: number;
  /** Rows that fit in sight. */
  readonly page: number;
}

export const HEADER_ROW = -1;

/** Where a key leads from a cell, as the ARIA pattern for grids has it; null when the key is not for moving. */
export function nextPosition(
  from: GridPosition,
  key: string,
  control: boolean,
  { rows, columns, page }: GridExtent,
): GridPosition | null {
  const lastRow = rows - 1;
  const lastColumn = columns - 1;
  const to = (row: number, column: number): GridPosition => ({
    row: Math.max(HEADER_ROW, Math.min(row, lastRow)),
    column: Math.max(0, Math.min(column, lastColumn)),
  });
  switch (key) {
    case 'ArrowUp':
      return to(from.row - 1, from.column);
    case 'ArrowDown':
      return to(from.row + 1, from.column);
    case 'ArrowLeft':
      return to(from.row, from.column - 1);
    case 'ArrowRight':
      return to(from.row, from.column + 1);
    case 'PageUp':
      return to(Math.max(from.row - page, Math.min(from.row, 0)), from.column);
    case 'PageDown':
      return to(from.row + page, from.column);
    case 'Home':
      return control ? to(0, 0) : to(from.row, 0);
    case 'End':
      return control ? to(lastRow, lastColumn) : to(from.row, lastColumn);
    default:
      return null;
  }
}

/** Rows to hold around those in sight, so that a page of scrolling needs no new ones. */
export function rowsAround(
  scrollTop: number,
  height: number,
  rowHeight: number,
  rows: number,
): { readonly first: number; readonly count: number } {
  const visible = Math.ceil(height / rowHeight) + 1;
  const top = Math.max(0, Math.floor(scrollTop / rowHeight));
  const first = Math.max(0, Math.min(top, rows - 1) - visible);
  return { first, count: visible * 3 };
}
