import { layoutColumns } from './columnWidths.ts';
import type { GridColumn, GridOptions, GridSort } from './gridOptions.ts';

/** What the headings ask of their grid. */
interface HeaderEvents {
  /** A heading was clicked. */
  readonly onSortBy: (column: number) => void;
  /** A column has another width. */
  readonly onSized: () => void;
}

/** The headings of a grid: sort, size and the menu for columns. */
export class GridHeader<Row> {
  readonly element = document.createElement('div');
  readonly #options: GridOptions<Row>;
  readonly #events: HeaderEvents;
  #columns: readonly GridColumn<Row>[] = [];
  #cells: readonly HTMLElement[] = [];
  #sort: GridSort | null = null;
  /** By column id; also of columns that are not shown. */
  readonly #sized: Map<string, number>;

  constructor(options: GridOptions<Row>, events: HeaderEvents) {
    this.#options = options;
    this.#events = events;
    this.#sized = new Map(Object.entries(options.widths));
    this.element.className = 'grid-header';
    this.element.setAttribute('role', 'row');
    this.element.setAttribute('aria-rowindex', '1');
    this.element.addEventListener('contextmenu', (event) => this.#menu(event));
  }

  cell(column: number): HTMLElement | undefined {
    return this.#cells[column];
  }

  setColumns(columns: readonly GridColumn<Row>[]): void {
    this.#columns = columns;
    this.#cells = columns.map((column, index) => this.#newCell(column, index));
    this.element.replaceChildren(...this.#cells);
    if (this.#sort !== null) this.setSort(this.#sort);
  }

  setSort(sort: GridSort): void {
    this.#sort = sort;
    this.#columns.forEach(({ id }, index) => {
      const sorted = id === sort.column ? (sort.descending ? 'descending' : 'ascending') : 'none';
      this.#cells[index]?.setAttribute('aria-sort', sorted);
    });
  }

  /** Sorts by a column; by one that is sorted by, the other way round. */
  sortBy(index: number): void {
    const column = this.#columns[index];
    if (column === undefined) return;
    const now = this.#cells[index]?.getAttribute('aria-sort');
    // Figures are most useful from the largest down, names from A up.
    const descending = now === 'none' ? column.align === 'end' : now === 'ascending';
    this.#options.events.onSort({ column: column.id, descending });
  }

  /** Pixels of each column in a grid of this width. */
  widths(available: number): number[] {
    const sized = this.#columns.map(({ id }) => this.#sized.get(id));
    return layoutColumns(this.#columns, sized, available);
  }

  /** @param by pixels that a column becomes wider */
  widen(index: number, by: number): void {
    this.#setWidth(index, (this.#cells[index]?.offsetWidth ?? 0) + by);
  }

  #newCell(column: GridColumn<Row>, index: number): HTMLElement {
    const cell = document.createElement('div');
    cell.className = `grid-heading align-${column.align}`;
    cell.setAttribute('role', 'columnheader');
    cell.setAttribute('aria-colindex', String(index + 1));
    cell.setAttribute('aria-sort', 'none');
    cell.tabIndex = -1;
    const label = document.createElement('span');
    label.className = 'grid-heading-label';
    label.textContent = column.label;
    const arrow = document.createElement('span');
    arrow.className = 'grid-sort-arrow codicon codicon-blank';
    arrow.setAttribute('aria-hidden', 'true');
    const handle = document.createElement('span');
    handle.className = 'grid-resize';
    handle.setAttribute('aria-hidden', 'true');
    cell.append(label, arrow, handle);
    cell.addEventListener('click', (event) => {
      if (event.target === handle) return;
      this.#events.onSortBy(index);
      this.sortBy(index);
    });
    handle.addEventListener('pointerdown', (event) => this.#dragWidth(event, handle, index));
    handle.addEventListener('dblclick', () => this.#setWidth(index, undefined));
    return cell;
  }

  #dragWidth(start: PointerEvent, handle: HTMLElement, index: number): void {
    start.preventDefault();
    handle.setPointerCapture(start.pointerId);
    const width = this.#cells[index]?.offsetWidth ?? 0;
    const move = (event: PointerEvent): void => this.#setWidth(index, width + event.clientX - start.clientX);
    handle.addEventListener('pointermove', move);
    handle.addEventListener('lostpointercapture', () => handle.removeEventListener('pointermove', move), {
      once: true,
    });
  }

  #setWidth(index: number, width: number | undefined): void {
    const column = this.#columns[index];
    if (column === undefined) return;
    if (width === undefined) this.#sized.delete(column.id);
    else this.#sized.set(column.id, Math.max(column.minimum, Math.round(width)));
    this.#events.onSized();
    this.#options.events.onColumnsSized(Object.fromEntries(this.#sized));
  }

  /** By the menu key too, which gives no place of its own. */
  #menu(event: MouseEvent): void {
    event.preventDefault();
    const cell = event.target instanceof Element ? event.target.closest('.grid-heading') : null;
    const { left, bottom } = (cell ?? this.element).getBoundingClientRect();
    const hasPlace = event.clientX !== 0 || event.clientY !== 0;
    const at = hasPlace ? { x: event.clientX, y: event.clientY } : { x: left, y: bottom };
    this.#options.events.onHeaderMenu(at);
  }
}
