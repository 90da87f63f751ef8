import { html, nothing, render } from 'lit';
import type { Endpoint } from '../../src/model/endpoint.ts';
import { FlowRecords } from '../../src/model/flowRecords.ts';
import { formatCount } from '../../src/model/format.ts';
import type {
  FlowFilter,
  FlowGrouping,
  FlowReference,
  FlowSort,
  FlowsPanelState,
  FlowsWindow,
  FromFlowsPage,
  ToFlowsPage,
} from '../../src/model/panelMessages.ts';
import { VirtualGrid } from '../shared/grid.ts';
import type { Host } from '../shared/host.ts';
import { HoverCard } from '../shared/hoverCard.ts';
import { splitter } from '../shared/splitter.ts';
import { openColumnMenu } from './columnMenu.ts';
import { shownColumns } from './columns.ts';
import type { DetailActions, FlowDetail } from './detail.ts';
import { detail } from './detail.ts';
import { FlowRow } from './flowRow.ts';
import { footer } from './footer.ts';
import { drawGroupName } from './groupCells.ts';
import type { NoticeActions } from './notice.ts';
import { emptyNotice, rowsNotice } from './notice.ts';
import type { PageState } from './pageState.ts';
import { pageStateOf } from './pageState.ts';
import type { TableRow } from './tableRow.ts';
import { GroupRow, rowsOf } from './tableRow.ts';
import type { Counts, ToolbarActions } from './toolbar.ts';
import { toolbar } from './toolbar.ts';

export type FlowsHost = Host<ToFlowsPage, FromFlowsPage>;

const ROW_HEIGHT = 22;
const SUMMARY_MILLISECONDS = 10_000;

/** The flow table of one session: takes what the host sends, draws it, and tells the host what the user did. */
export class FlowsPage {
  readonly #host: FlowsHost;
  readonly #toolbar = part('header', 'toolbar');
  readonly #line = part('div', 'line-slot');
  readonly #empty = part('div', 'empty-slot');
  readonly #detail = part('section', 'detail');
  readonly #footer = part('footer', 'footer');
  readonly #summary = part('div', 'summary');
  readonly #splitter: HTMLElement;
  readonly #grid: VirtualGrid<TableRow>;
  readonly #hover: HoverCard;
  readonly #endpoints = new Map<number, Endpoint>();
  #kept: PageState;
  #state: FlowsPanelState | null = null;
  /** The page's own, so that an echo from the host never overtakes typing. */
  #filter: FlowFilter | null = null;
  #counts: Counts = { matching: 0, total: 0 };
  #droppedEnded = 0;
  #shownDetail: FlowDetail | null = null;
  #summarizedAt = 0;

  constructor(root: HTMLElement, host: FlowsHost) {
    this.#host = host;
    this.#kept = pageStateOf(host.pageState);
    this.#grid = this.#newGrid();
    this.#hover = new HoverCard(this.#grid.element);
    this.#splitter = this.#newSplitter();
    this.#detail.setAttribute('aria-label', 'Details of the selected flow');
    this.#summary.setAttribute('aria-live', 'polite');
    const main = part('main', 'table');
    main.append(this.#grid.element, this.#empty);
    root.append(this.#toolbar, this.#line, main, this.#splitter, this.#detail, this.#footer, this.#summary);
    root.addEventListener('keydown', (event) => this.#pressed(event));
    host.onMessage((message) => this.#receive(message));
    this.#drawDetail();
    host.post({ type: 'ready' });
    this.#filter = this.#kept.filter;
    if (this.#filter !== null) host.post({ type: 'filter', filter: this.#filter });
    // Before its answer comes, the state that the host sends may have none.
    if (this.#kept.grouping !== 'none') host.post({ type: 'group', by: this.#kept.grouping });
    if (this.#kept.selected !== null) host.post({ type: 'select', flow: this.#kept.selected });
  }

  #newGrid(): VirtualGrid<TableRow> {
    return new VirtualGrid<TableRow>({
      label: 'Flows',
      columns: shownColumns(this.#kept.hiddenColumns),
      rowHeight: ROW_HEIGHT,
      widths: this.#kept.widths,
      isSelected: (row) => row instanceof FlowRow && sameFlow(this.#kept.selected, row),
      rowClass: (row) => (isEnded(row) ? 'ended' : ''),
      groups: {
        isOpen: (row) => (row instanceof GroupRow ? row.line.open : null),
        drawName: (cell, row) => {
          if (row instanceof GroupRow) drawGroupName(cell, row, this.#kept.grouping);
        },
        onToggle: (row, open) => {
          if (row instanceof GroupRow) this.#host.post({ type: 'openGroup', key: row.line.key, open });
        },
      },
      events: {
        onView: (first, count) => this.#host.post({ type: 'view', first, count }),
        onSort: (sort) => this.#host.post({ type: 'sort', sort: sort as FlowSort }),
        onOpen: (row) => {
          if (row instanceof FlowRow) this.#select({ agent: row.agent, flow: row.id });
        },
        onColumnsSized: (widths) => this.#keep({ widths }),
        onHeaderMenu: (at) => this.#chooseColumns(at),
        onDrawn: () => this.#hover.refresh(),
      },
    });
  }

  #newSplitter(): HTMLElement {
    this.#detail.style.height = `${this.#kept.detailHeight}px`;
    return splitter({
      label: 'Height of the details',
      minimum: 120,
      maximum: () => window.innerHeight - 200,
      height: this.#kept.detailHeight,
      onResize: (detailHeight) => {
        this.#detail.style.height = `${detailHeight}px`;
        this.#keep({ detailHeight });
      },
    });
  }

  #receive(message: ToFlowsPage): void {
    switch (message.type) {
      case 'state':
        this.#takeState(message.state);
        break;
      case 'endpoints':
        for (const { id, endpoint } of message.endpoints) this.#endpoints.set(id, endpoint);
        break;
      case 'window':
        this.#takeWindow(message.window);
        break;
      case 'detail':
        this.#takeDetail(message);
        break;
      case 'filter':
        this.#setFilter(message.filter);
        break;
    }
  }

  #takeState(state: FlowsPanelState): void {
    this.#state = state;
    this.#filter ??= state.filter;
    if (this.#kept.question === null) this.#keep({ question: state.question, filter: this.#filter });
    this.#grid.setSort(state.sort);
    this.#grid.setGrouped(state.grouping !== 'none');
    if (state.grouping !== this.#kept.grouping) this.#keep({ grouping: state.grouping });
    this.#drawAround();
  }

  #takeWindow(window: FlowsWindow): void {
    this.#counts = { matching: window.matching, total: window.total };
    this.#droppedEnded = window.droppedEnded;
    this.#grid.setRows(window.first, rowsOf(window, this.#endpoints), window.lines);
    this.#drawAround();
    requestAnimationFrame(() => this.#host.post({ type: 'received' }));
  }

  #takeDetail(message: Extract<ToFlowsPage, { type: 'detail' }>): void {
    const { flow, heir, record, sightings, tunnels, nat, unobserved } = message;
    const { selected } = this.#kept;
    if (selected?.agent !== flow.agent || selected.flow !== flow.flow) return;
    if (heir.agent !== flow.agent || heir.flow !== flow.flow) {
      this.#keep({ selected: heir });
      this.#grid.refresh();
    }
    const picture = { rate: 0, now: Date.now(), nat };
    const row = record === null ? null : new FlowRow(new FlowRecords(record), 0, this.#endpoints, picture);
    this.#shownDetail = { row, sightings, tunnels, nat, unobserved };
    this.#drawDetail();
  }

  #select(flow: FlowReference | null): void {
    this.#keep({ selected: flow });
    if (flow === null) this.#shownDetail = null;
    this.#host.post({ type: 'select', flow });
    this.#grid.refresh();
    this.#drawDetail();
  }

  #pressed(event: KeyboardEvent): void {
    if (event.key !== 'Escape' || this.#kept.selected === null) return;
    if (event.target instanceof Element && event.target.closest('.toolbar') !== null) return;
    this.#closeDetail();
  }

  #closeDetail(): void {
    this.#select(null);
    this.#grid.focus();
  }

  #setFilter(filter: FlowFilter): void {
    this.#filter = filter;
    this.#keep({ filter });
    this.#host.post({ type: 'filter', filter });
    this.#grid.scrollToTop();
    this.#drawAround();
  }

  #setGrouping(by: FlowGrouping): void {
    this.#host.post({ type: 'group', by });
    this.#grid.scrollToTop();
  }

  #chooseColumns(at: { readonly x: number; readonly y: number }): void {
    openColumnMenu({
      at,
      hidden: () => this.#kept.hiddenColumns,
      onHide: (hiddenColumns) => {
        this.#keep({ hiddenColumns });
        this.#grid.setColumns(shownColumns(hiddenColumns));
      },
    });
  }

  #keep(change: Partial<PageState>): void {
    this.#kept = { ...this.#kept, ...change };
    this.#host.keepPageState(this.#kept);
  }

  #drawAround(): void {
    if (this.#state === null || this.#filter === null) return;
    const state = { ...this.#state, filter: this.#filter };
    const notices = this.#noticeActions(state.filter);
    const empty = emptyNotice(state, this.#counts, notices);
    render(toolbar(state, this.#counts, this.#toolbarActions()), this.#toolbar);
    render(empty ?? nothing, this.#empty);
    render(empty === null ? (rowsNotice(state, notices) ?? nothing) : nothing, this.#line);
    this.#drawFooter();
    this.#summarize(state);
  }

  #toolbarActions(): ToolbarActions {
    return {
      onFilter: (filter) => this.#setFilter(filter),
      onGroup: (by) => this.#setGrouping(by),
      onOpenGroups: (open) => this.#host.post({ type: 'openGroup', key: null, open }),
      onColumns: (at) => this.#chooseColumns(at),
      onPause: (paused) => this.#host.post({ type: 'pause', paused }),
      onStop: () => this.#host.post({ type: 'stop' }),
      onRestart: () => this.#host.post({ type: 'restart' }),
    };
  }

  #noticeActions(filter: FlowFilter): NoticeActions {
    return {
      onRestart: () => this.#host.post({ type: 'restart' }),
      onShowLog: () => this.#host.post({ type: 'showLog' }),
      onOpenSettings: () => this.#host.post({ type: 'openSettings' }),
      onClearFilter: () => this.#setFilter({ ...filter, text: '', verdict: null, ended: true }),
    };
  }

  #drawFooter(): void {
    const content = footer({
      ledger: this.#state?.ledger ?? null,
      droppedEnded: this.#droppedEnded,
      clocks: this.#state?.clocks ?? [],
      open: this.#kept.ledgerOpen,
      onToggle: () => {
        this.#keep({ ledgerOpen: !this.#kept.ledgerOpen });
        this.#drawFooter();
      },
    });
    render(content, this.#footer);
  }

  #drawDetail(): void {
    const shown = this.#shownDetail;
    this.#detail.hidden = shown === null;
    this.#splitter.hidden = shown === null;
    render(shown === null ? html`` : detail(shown, this.#detailActions()), this.#detail);
  }

  #detailActions(): DetailActions {
    return {
      onClose: () => this.#closeDetail(),
      onShowPoints: () => {
        const { selected } = this.#kept;
        if (selected !== null) this.#host.post({ type: 'showPoints', flow: selected });
      },
      onObserveNode: (node) => this.#host.post({ type: 'observeNode', node }),
      onRevealPod: (namespace, name) => this.#host.post({ type: 'revealPod', namespace, name }),
    };
  }

  /** For screen readers: how much there is, now and then; never row by row. */
  #summarize({ phase, paused }: FlowsPanelState): void {
    const now = Date.now();
    if (now - this.#summarizedAt < SUMMARY_MILLISECONDS) return;
    this.#summarizedAt = now;
    const { matching, total } = this.#counts;
    this.#summary.textContent = `${paused ? 'paused' : phase}, ${formatCount(matching)} of ${formatCount(total)} flows`;
  }
}

function part(tag: string, className: string): HTMLElement {
  const element = document.createElement(tag);
  element.className = className;
  return element;
}

function isEnded(row: TableRow): boolean {
  return row instanceof FlowRow ? row.ended : row.line.live === 0;
}

function sameFlow(reference: FlowReference | null, row: FlowRow): boolean {
  return reference !== null && reference.agent === row.agent && reference.flow === row.id;
}
