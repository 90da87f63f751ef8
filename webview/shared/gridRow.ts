import type { GridColumn, GridOptions } from './gridOptions.ts';

/** The elements of one row in sight, used for one row after another. */
export class GridRow<Row> {
  readonly element = document.createElement('div');
  readonly cells: readonly HTMLElement[];
  /** Of the row that is drawn; -1 for none. */
  index = -1;
  readonly #columns: readonly GridColumn<Row>[];
  readonly #options: GridOptions<Row>;

  constructor(columns: readonly GridColumn<Row>[], options: GridOptions<Row>) {
    this.#columns = columns;
    this.#options = options;
    this.element.setAttribute('role', 'row');
    this.element.hidden = true;
    this.cells = columns.map((column, index) => {
      const cell = document.createElement('div');
      cell.className = `grid-cell align-${column.align} cell-${column.id}`;
      cell.setAttribute('role', 'gridcell');
      cell.setAttribute('aria-colindex', String(index + 1));
      cell.tabIndex = -1;
      return cell;
    });
    this.element.append(...this.cells);
  }

  /** Stands where row `index` is; hidden while that is not known. */
  place(index: number, isKnown: boolean): void {
    this.element.hidden = !isKnown;
    if (this.index === index) return;
    this.index = index;
    this.element.style.transform = `translateY(${index * this.#options.rowHeight}px)`;
    this.element.setAttribute('aria-rowindex', String(index + 2));
  }

  draw(row: Row, isGrouped: boolean): void {
    const { groups, isSelected, rowClass } = this.#options;
    const open = groups.isOpen(row);
    const selected = isSelected(row);
    const looks = [
      'grid-row',
      this.index % 2 === 1 ? 'odd' : 'even',
      open === null ? '' : 'group',
      selected ? 'selected' : '',
      rowClass(row),
    ];
    const className = looks.filter(Boolean).join(' ');
    if (this.element.className !== className) this.element.className = className;
    setAttribute(this.element, 'aria-selected', open === null ? String(selected) : null);
    setAttribute(this.element, 'aria-expanded', open === null ? null : String(open));
    setAttribute(this.element, 'aria-level', isGrouped ? (open === null ? '2' : '1') : null);
    this.#drawCells(row, open !== null);
  }

  #drawCells(row: Row, isGroup: boolean): void {
    const span = isGroup ? groupSpan(this.#columns) : 1;
    this.#columns.forEach((column, at) => {
      const cell = this.cells[at];
      if (cell === undefined) return;
      cell.hidden = at > 0 && at < span;
      if (at === 0) {
        cell.style.gridColumn = span === 1 ? '' : `1 / span ${span}`;
        setAttribute(cell, 'aria-colspan', span === 1 ? null : String(span));
      }
      if (at === 0 && isGroup) this.#options.groups.drawName(cell, row);
      else column.draw(cell, row);
    });
  }
}

/** How many columns the name of a group covers: those before the first that groups have something in. */
export function groupSpan<Row>(columns: readonly GridColumn<Row>[]): number {
  const first = columns.findIndex(({ ofGroups }) => ofGroups);
  return first === -1 ? columns.length : Math.max(1, first);
}

function setAttribute(element: HTMLElement, name: string, value: string | null): void {
  if (element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}
