import type { ColumnWidth } from './columnWidths.ts';
import { layoutColumns } from './columnWidths.ts';
import type { GridPosition } from './gridNavigation.ts';
import { HEADER_ROW, nextPosition, rowsAround } from './gridNavigation.ts';

export interface GridColumn<Row> extends ColumnWidth {
  readonly id: string;
  readonly label: string;
  readonly align: 'start' | 'end';
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
  readonly events: GridEvents<Row>;
}

interface DrawnRow {
  readonly element: HTMLElement;
  readonly cells: readonly HTMLElement[];
  index: number;
}

const COLUMN_STEP = 10;

/**
 * A table of any number of rows of which only those in sight exist. Row elements are used again as rows scroll by, and
 * row `i` always keeps the same element while it is in sight. Follows the ARIA grid pattern with one tab stop.
 */
export class VirtualGrid<Row> {
  readonly element = document.createElement('div');
  readonly #options: GridOptions<Row>;
  readonly #header = document.createElement('div');
  readonly #headerCells: HTMLElement[] = [];
  readonly #body = document.createElement('div');
  #drawn: DrawnRow[] = [];
  #rows: readonly Row[] = [];
  #first = 0;
  #count = 0;
  #active: GridPosition = { row: 0, column: 0 };
  #sized: (number | undefined)[];
  #asked = { first: -1, count: -1 };
  #frame = 0;
  #tabStop: HTMLElement | null = null;

  constructor(options: GridOptions<Row>) {
    this.#options = options;
    this.#sized = options.columns.map(({ id }) => options.widths[id]);
    this.#build();
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

  setSort(sort: GridSort): void {
    this.#options.columns.forEach(({ id }, index) => {
      const sorted = id === sort.column ? (sort.descending ? 'descending' : 'ascending') : 'none';
      this.#headerCells[index]?.setAttribute('aria-sort', sorted);
    });
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
    this.element.setAttribute('aria-colcount', String(this.#options.columns.length));
    this.element.setAttribute('aria-rowcount', '1');
    this.element.tabIndex = -1;
    this.#header.className = 'grid-header';
    this.#header.setAttribute('role', 'row');
    this.#header.setAttribute('aria-rowindex', '1');
    const headGroup = group('grid-head', this.#header);
    this.#options.columns.forEach((column, index) => {
      this.#header.append(this.#headerCell(column, index));
    });
    this.#body.className = 'grid-body';
    this.#body.setAttribute('role', 'rowgroup');
    this.element.append(headGroup, this.#body);
    this.#moveTabStop();
  }

  #headerCell(column: GridColumn<Row>, index: number): HTMLElement {
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
      if (event.target !== handle) this.#sortBy(index);
    });
    handle.addEventListener('pointerdown', (event) => this.#dragWidth(event, handle, index));
    handle.addEventListener('dblclick', () => this.#setWidth(index, undefined));
    this.#headerCells.push(cell);
    return cell;
  }

  #sortBy(index: number): void {
    const column = this.#options.columns[index];
    if (column === undefined) return;
    const now = this.#headerCells[index]?.getAttribute('aria-sort');
    // Figures are most useful from the largest down, names from A up.
    const descending = now === 'none' ? column.align === 'end' : now === 'ascending';
    this.#active = { row: HEADER_ROW, column: index };
    this.#moveTabStop();
    this.#options.events.onSort({ column: column.id, descending });
  }

  #dragWidth(start: PointerEvent, handle: HTMLElement, index: number): void {
    start.preventDefault();
    handle.setPointerCapture(start.pointerId);
    const width = this.#headerCells[index]?.offsetWidth ?? 0;
    const move = (event: PointerEvent): void => this.#setWidth(index, width + event.clientX - start.clientX);
    handle.addEventListener('pointermove', move);
    handle.addEventListener('lostpointercapture', () => handle.removeEventListener('pointermove', move), {
      once: true,
    });
  }

  #setWidth(index: number, width: number | undefined): void {
    const column = this.#options.columns[index];
    if (column === undefined) return;
    this.#sized[index] = width === undefined ? undefined : Math.max(column.minimum, Math.round(width));
    this.#layout();
    const widths = this.#options.columns.map(({ id }, at) => [id, this.#sized[at]] as const);
    this.#options.events.onColumnsSized(
      Object.fromEntries(widths.filter((entry): entry is [string, number] => entry[1] !== undefined)),
    );
  }

  #layout(): void {
    const widths = layoutColumns(this.#options.columns, this.#sized, this.element.clientWidth);
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

  #newRow(): DrawnRow {
    const element = document.createElement('div');
    element.setAttribute('role', 'row');
    element.hidden = true;
    const cells = this.#options.columns.map((column, index) => {
      const cell = document.createElement('div');
      cell.className = `grid-cell align-${column.align} cell-${column.id}`;
      cell.setAttribute('role', 'gridcell');
      cell.setAttribute('aria-colindex', String(index + 1));
      cell.tabIndex = -1;
      return cell;
    });
    element.append(...cells);
    this.#body.append(element);
    return { element, cells, index: -1 };
  }

  #drawRow(index: number): void {
    const drawn = this.#drawn[index % this.#drawn.length];
    if (drawn === undefined) return;
    const row = this.#rows[index - this.#first];
    const { element, cells } = drawn;
    element.hidden = row === undefined;
    if (drawn.index !== index) {
      drawn.index = index;
      element.style.transform = `translateY(${index * this.#options.rowHeight}px)`;
      element.setAttribute('aria-rowindex', String(index + 2));
    }
    if (row === undefined) return;
    const selected = this.#options.isSelected(row);
    const className = `grid-row ${index % 2 === 1 ? 'odd' : 'even'} ${selected ? 'selected' : ''} ${this.#options.rowClass(row)}`;
    if (element.className !== className) {
      element.className = className;
      element.setAttribute('aria-selected', String(selected));
    }
    this.#options.columns.forEach((column, at) => {
      const cell = cells[at];
      if (cell !== undefined) column.draw(cell, row);
    });
  }

  /** The element of the active cell, when it is in sight. */
  #activeCell(): HTMLElement | undefined {
    const { row, column } = this.#active;
    if (row === HEADER_ROW) return this.#headerCells[column];
    const drawn = this.#drawn[row % Math.max(1, this.#drawn.length)];
    return drawn?.index === row && !drawn.element.hidden ? drawn.cells[column] : undefined;
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
      if (this.#active.row === HEADER_ROW) this.#sortBy(this.#active.column);
      else this.#open(this.#active.row);
      return;
    }
    if (event.altKey) {
      this.#resizeByKey(event);
      return;
    }
    const to = nextPosition(this.#active, event.key, event.ctrlKey || event.metaKey, {
      rows: this.#count,
      columns: this.#options.columns.length,
      page: Math.max(1, Math.floor(this.element.clientHeight / this.#options.rowHeight) - 2),
    });
    if (to === null) return;
    event.preventDefault();
    this.#active = to;
    this.#scrollToActive();
    this.#draw();
    this.#focusActive();
  }

  /** Alt and an arrow in a heading size its column. */
  #resizeByKey(event: KeyboardEvent): void {
    const step = event.key === 'ArrowLeft' ? -COLUMN_STEP : event.key === 'ArrowRight' ? COLUMN_STEP : 0;
    if (step === 0 || this.#active.row !== HEADER_ROW) return;
    event.preventDefault();
    const width = this.#headerCells[this.#active.column]?.offsetWidth ?? 0;
    this.#setWidth(this.#active.column, width + step);
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
    const row = this.#rows[index - this.#first];
    if (row === undefined) return;
    this.#options.events.onOpen(row);
    this.#schedule();
  }

  #scrollToActive(): void {
    const { row, column } = this.#active;
    const cell = this.#headerCells[column];
    if (cell !== undefined) {
      const { scrollLeft, clientWidth } = this.element;
      if (cell.offsetLeft < scrollLeft) this.element.scrollLeft = cell.offsetLeft;
      const right = cell.offsetLeft + cell.offsetWidth;
      if (right > scrollLeft + clientWidth) this.element.scrollLeft = right - clientWidth;
    }
    if (row === HEADER_ROW) return;
    const { rowHeight } = this.#options;
    const room = this.element.clientHeight - this.#header.offsetHeight;
    const top = row * rowHeight;
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    else if (top + rowHeight > this.element.scrollTop + room) this.element.scrollTop = top + rowHeight - room;
  }
}

function group(className: string, ...children: HTMLElement[]): HTMLElement {
  const element = document.createElement('div');
  element.className = className;
  element.setAttribute('role', 'rowgroup');
  element.append(...children);
  return element;
}
