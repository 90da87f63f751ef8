import type { ColumnWidth } from './columnWidths.ts';

export interface GridColumn<Row> extends ColumnWidth {
  readonly id: string;
  readonly label: string;
  readonly align: 'start' | 'end';
  /** Whether the line of a group has something in it. */
  readonly ofGroups: boolean;
  /** Draws a row into its cell. Called for every new picture of a row: change only what differs. */
  readonly draw: (cell: HTMLElement, row: Row) => void;
}

export interface GridSort {
  readonly column: string;
  readonly descending: boolean;
}

export interface GridEvents<Row> {
  /** The rows to hold now. */
  readonly onView: (first: number, count: number) => void;
  readonly onSort: (sort: GridSort) => void;
  /** Enter or a click on a row. */
  readonly onOpen: (row: Row) => void;
  readonly onColumnsSized: (widths: Readonly<Record<string, number>>) => void;
  /** A menu for the headings was asked for, at a place of the window. */
  readonly onHeaderMenu: (at: { readonly x: number; readonly y: number }) => void;
  /** The rows in sight were drawn. */
  readonly onDrawn: () => void;
}

/** The lines of a table that stand for groups of those below them. */
export interface GridGroups<Row> {
  /** Whether the group is open; null for a row that is no group. */
  readonly isOpen: (row: Row) => boolean | null;
  /** Draws a group into the cell that spans the columns before the first of groups' figures. */
  readonly drawName: (cell: HTMLElement, row: Row) => void;
  readonly onToggle: (row: Row, open: boolean) => void;
}

export interface GridOptions<Row> {
  readonly label: string;
  readonly columns: readonly GridColumn<Row>[];
  readonly rowHeight: number;
  /** Widths that a person gave columns earlier, by column id. */
  readonly widths: Readonly<Record<string, number>>;
  readonly isSelected: (row: Row) => boolean;
  /** A class for the whole row, or an empty string. */
  readonly rowClass: (row: Row) => string;
  readonly groups: GridGroups<Row>;
  readonly events: GridEvents<Row>;
}
