import { GridHeader } from './gridHeader.ts';
import type { GridPosition } from './gridNavigation.ts';
import { HEADER_ROW, nextPosition, rowsAround } from './gridNavigation.ts';
import type { GridColumn, GridOptions, GridSort } from './gridOptions.ts';
import { GridRow, groupSpan } from './gridRow.ts';

const COLUMN_STEP = 10;

/**
 * A table of any number of rows of which only those in sight exist. Row elements are used again as rows scroll by, and
 * row `i` always keeps the same element while it is in sight. Follows the ARIA grid pattern with one tab stop.
 */
export class VirtualGrid<Row> {
  readonly element = document.createElement('div');
  readonly #options: GridOptions<Row>;
  #columns: readonly GridColumn<Row>[] = [];
  #isGrouped = false;
  readonly #header: GridHeader<Row>;
  readonly #body = document.createElement('div');
  #drawn: GridRow<Row>[] = [];
  #rows: readonly Row[] = [];
  #first = 0;
  #count = 0;
  #active: GridPosition = { row: 0, column: 0 };
  #asked = { first: -1, count: -1 };
  #frame = 0;
  #tabStop: HTMLElement | null = null;

  constructor(options: GridOptions<Row>) {
    this.#options = options;
    this.#header = new GridHeader(options, {
      onSortBy: (column) => {
        this.#active = { row: HEADER_ROW, column };
        this.#moveTabStop();
      },
      onSized: () => this.#layout(),
    });
    this.#build();
    this.setColumns(options.columns);
    new ResizeObserver(() => this.#resized()).observe(this.element);
    this.element.addEventListener('scroll', () => this.#schedule(), { passive: true });
    this.element.addEventListener('keydown', (event) => this.#pressed(event));
    this.#body.addEventListener('click', (event) => this.#clicked(event));
  }

  /** Takes the rows from `first` on of a table of `count` rows. */
  setRows(first: number, rows: readonly Row[], count: number): void {
    this.#first = first;
    this.#rows = rows;
    if (count !== this.#count) {
      this.#count = count;
      this.#body.style.height = `${count * this.#options.rowHeight}px`;
      this.element.setAttribute('aria-rowcount', String(count + 1));
    }
    this.#schedule();
  }

  /** Shows these columns, in this order. */
  setColumns(columns: readonly GridColumn<Row>[]): void {
    const active = this.#columns[this.#active.column]?.id;
    this.#columns = columns;
    const column = columns.findIndex(({ id }) => id === active);
    this.#active = { ...this.#active, column: Math.max(0, column) };
    this.element.setAttribute('aria-colcount', String(columns.length));
    this.#header.setColumns(columns);
    this.#resizePool(0);
    this.#moveTabStop();
    this.#resized();
  }

  /** Whether there are lines of groups; then all other rows stand below one. */
  setGrouped(grouped: boolean): void {
    this.#isGrouped = grouped;
    this.element.setAttribute('role', grouped ? 'treegrid' : 'grid');
    this.element.classList.toggle('grouped', grouped);
  }

  setSort(sort: GridSort): void {
    this.#header.setSort(sort);
  }

  /** Draws again, for example when another row is selected. */
  refresh(): void {
    this.#schedule();
  }

  scrollToTop(): void {
    this.element.scrollTop = 0;
  }

  focus(): void {
    this.#focusActive();
  }

  #build(): void {
    this.element.className = 'grid';
    this.element.setAttribute('role', 'grid');
    this.element.setAttribute('aria-label', this.#options.label);
    this.element.setAttribute('aria-rowcount', '1');
    this.element.tabIndex = -1;
    this.#body.className = 'grid-body';
    this.#body.setAttribute('role', 'rowgroup');
    const head = document.createElement('div');
    head.className = 'grid-head';
    head.setAttribute('role', 'rowgroup');
    head.append(this.#header.element);
    this.element.append(head, this.#body);
  }

  #layout(): void {
    const widths = this.#header.widths(this.element.clientWidth);
    this.element.style.setProperty('--grid-columns', widths.map((width) => `${width}px`).join(' '));
    this.element.style.setProperty('--grid-width', `${widths.reduce((sum, width) => sum + width, 0)}px`);
  }

  #resized(): void {
    this.#layout();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw(): void {
    const { rowHeight } = this.#options;
    const { scrollTop, clientHeight } = this.element;
    this.#ask(rowsAround(scrollTop, clientHeight, rowHeight, this.#count));
    const visible = Math.ceil(clientHeight / rowHeight) + 1;
    const top = Math.max(0, Math.min(Math.floor(scrollTop / rowHeight), this.#count - visible));
    const bottom = Math.min(this.#count, top + visible);
    this.#resizePool(visible);
    for (let index = top; index < bottom; index++) this.#drawRow(index);
    for (const { element, index } of this.#drawn) if (index < top || index >= bottom) element.hidden = true;
    if (this.#active.row >= this.#count) {
      this.#active = { ...this.#active, row: Math.max(0, this.#count - 1) };
    }
    this.#moveTabStop();
    this.#keepFocus();
    this.#options.events.onDrawn();
  }

  /**
   * A row element that holds the focus may show another row by now, and a cell that was waited for may have come: the
   * grid itself holds the focus meanwhile.
   */
  #keepFocus(): void {
    const focused = document.activeElement;
    if (focused !== this.element && !this.#body.contains(focused)) return;
    const stop = this.#activeCell() ?? this.element;
    if (focused !== stop) stop.focus({ preventScroll: true });
  }

  #ask(view: { first: number; count: number }): void {
    if (view.first === this.#asked.first && view.count === this.#asked.count) return;
    this.#asked = view;
    this.#options.events.onView(view.first, view.count);
  }

  #resizePool(size: number): void {
    if (size === this.#drawn.length) return;
    // Row i lives in element i modulo the pool's size, so another size places every row anew.
    while (this.#drawn.length > size) this.#drawn.pop()?.element.remove();
    while (this.#drawn.length < size) this.#drawn.push(this.#newRow());
    for (const drawn of this.#drawn) drawn.index = -1;
  }

  #newRow(): GridRow<Row> {
    const row = new GridRow(this.#columns, this.#options);
    this.#body.append(row.element);
    return row;
  }

  #drawRow(index: number): void {
    const drawn = this.#drawn[index % this.#drawn.length];
    const row = this.#rowAt(index);
    drawn?.place(index, row !== undefined);
    if (row !== undefined) drawn?.draw(row, this.#isGrouped);
  }

  /** The element of the active cell, when it is in sight. */
  #activeCell(): HTMLElement | undefined {
    const { row, column } = this.#active;
    if (row === HEADER_ROW) return this.#header.cell(column);
    const drawn = this.#drawn[row % Math.max(1, this.#drawn.length)];
    if (drawn?.index !== row || drawn.element.hidden) return undefined;
    const cell = drawn.cells[column];
    // The name of a group covers what is left of its figures.
    return cell?.hidden === true ? drawn.cells[0] : cell;
  }

  /** One tab stop: the active cell, or the grid itself while that cell is out of sight. */
  #moveTabStop(): void {
    const stop = this.#activeCell() ?? this.element;
    if (stop === this.#tabStop) return;
    if (this.#tabStop !== null) this.#tabStop.tabIndex = -1;
    this.#tabStop = stop;
    stop.tabIndex = 0;
  }

  #focusActive(): void {
    this.#moveTabStop();
    (this.#activeCell() ?? this.element).focus({ preventScroll: true });
  }

  #pressed(event: KeyboardEvent): void {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      if (this.#active.row === HEADER_ROW) this.#header.sortBy(this.#active.column);
      else this.#open(this.#active.row);
      return;
    }
    if (event.altKey) {
      this.#resizeByKey(event);
      return;
    }
    if (!event.ctrlKey && !event.metaKey && this.#toggleByKey(event)) return;
    const to = nextPosition(this.#active, event.key, event.ctrlKey || event.metaKey, {
      rows: this.#count,
      columns: this.#columns.length,
      page: Math.max(1, Math.floor(this.element.clientHeight / this.#options.rowHeight) - 2),
    });
    if (to === null) return;
    event.preventDefault();
    this.#active = this.#besideName(to);
    this.#scrollToActive();
    this.#draw();
    this.#focusActive();
  }

  /** To the right opens a group, to the left closes it; else they move. */
  #toggleByKey(event: KeyboardEvent): boolean {
    const row = this.#rowAt(this.#active.row);
    const open = row === undefined ? null : this.#options.groups.isOpen(row);
    const wanted = event.key === 'ArrowRight' ? true : event.key === 'ArrowLeft' ? false : null;
    if (row === undefined || open === null || wanted === null || open === wanted) return false;
    // Between the figures one moves.
    if (this.#activeCell() !== this.#firstCell()) return false;
    event.preventDefault();
    this.#options.groups.onToggle(row, wanted);
    return true;
  }

  /** A group's name is one cell: a step to the right leaves it, one to the left goes to it. */
  #besideName(to: GridPosition): GridPosition {
    const row = this.#rowAt(to.row);
    const { row: fromRow, column: from } = this.#active;
    if (row === undefined || to.row !== fromRow || this.#options.groups.isOpen(row) === null) return to;
    const span = groupSpan(this.#columns);
    if (to.column >= span) return to;
    return { ...to, column: to.column > from ? Math.min(span, this.#columns.length - 1) : 0 };
  }

  #firstCell(): HTMLElement | undefined {
    return this.#drawn[this.#active.row % Math.max(1, this.#drawn.length)]?.cells[0];
  }

  #rowAt(index: number): Row | undefined {
    return index === HEADER_ROW ? undefined : this.#rows[index - this.#first];
  }

  /** Alt and an arrow in a heading size its column. */
  #resizeByKey(event: KeyboardEvent): void {
    const step = event.key === 'ArrowLeft' ? -COLUMN_STEP : event.key === 'ArrowRight' ? COLUMN_STEP : 0;
    if (step === 0 || this.#active.row !== HEADER_ROW) return;
    event.preventDefault();
    this.#header.widen(this.#active.column, step);
  }

  #clicked(event: MouseEvent): void {
    const cell = event.target instanceof Element ? event.target.closest<HTMLElement>('.grid-cell') : null;
    const drawn = this.#drawn.find(({ element }) => element === cell?.parentElement);
    if (cell === null || drawn === undefined) return;
    this.#active = { row: drawn.index, column: drawn.cells.indexOf(cell) };
    this.#focusActive();
    this.#open(drawn.index);
  }

  #open(index: number): void {
    const row = this.#rowAt(index);
    if (row === undefined) return;
    const open = this.#options.groups.isOpen(row);
    if (open === null) this.#options.events.onOpen(row);
    else this.#options.groups.onToggle(row, !open);
    this.#schedule();
  }

  #scrollToActive(): void {
    const { row, column } = this.#active;
    const cell = this.#header.cell(column);
    if (cell !== undefined) {
      const { scrollLeft, clientWidth } = this.element;
      if (cell.offsetLeft < scrollLeft) this.element.scrollLeft = cell.offsetLeft;
      const right = cell.offsetLeft + cell.offsetWidth;
      if (right > scrollLeft + clientWidth) this.element.scrollLeft = right - clientWidth;
    }
    if (row === HEADER_ROW) return;
    const { rowHeight } = this.#options;
    const room = this.element.clientHeight - this.#header.element.offsetHeight;
    const top = row * rowHeight;
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    else if (top + rowHeight > this.element.scrollTop + room) this.element.scrollTop = top + rowHeight - room;
  }
}
