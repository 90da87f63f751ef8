import type {
  FlowColumn,
  FlowFilter,
  FlowGrouping,
  FlowReference,
  FlowsQuestion,
} from '../../src/model/panelMessages.ts';
import { FLOW_COLUMNS, FLOW_GROUPINGS } from '../../src/model/panelMessages.ts';
import { VERDICTS } from '../../src/model/flowRecord.ts';

/** What the page keeps while it is hidden or VS Code restarts: how it looks, not what it shows. */
export interface PageState {
  readonly widths: Readonly<Record<string, number>>;
  /** Columns that are not shown; one that a later version brings is. */
  readonly hiddenColumns: readonly FlowColumn[];
  readonly grouping: FlowGrouping;
  /** Pixels. */
  readonly detailHeight: number;
  readonly ledgerOpen: boolean;
  readonly selected: FlowReference | null;
  readonly filter: FlowFilter | null;
  /** Only carried: the host reads it when VS Code starts with this page open. */
  readonly question: FlowsQuestion | null;
}

export const DEFAULT_PAGE_STATE: PageState = {
  widths: {},
  // As many as fit beside a side bar; these two are in the details too.
  hiddenColumns: ['duration', 'points'],
  grouping: 'none',
  detailHeight: 240,
  ledgerOpen: false,
  selected: null,
  filter: null,
  question: null,
};

/** Reads what was kept, perhaps by an older version; anything unfit is left out. */
export function pageStateOf(kept: unknown): PageState {
  if (typeof kept !== 'object' || kept === null) return DEFAULT_PAGE_STATE;
  const { widths, hiddenColumns, grouping, detailHeight, ledgerOpen, selected, filter } = kept as Record<
    string,
    unknown
  >;
  return {
    widths: isWidths(widths) ? widths : DEFAULT_PAGE_STATE.widths,
    hiddenColumns: columnsOf(hiddenColumns) ?? DEFAULT_PAGE_STATE.hiddenColumns,
    grouping: FLOW_GROUPINGS.find((known) => known === grouping) ?? DEFAULT_PAGE_STATE.grouping,
    detailHeight: typeof detailHeight === 'number' ? detailHeight : DEFAULT_PAGE_STATE.detailHeight,
    ledgerOpen: ledgerOpen === true,
    // The host sends it again with its first message.
    question: null,
    filter: isFilter(filter) ? filter : null,
    selected: isFlowReference(selected) ? selected : null,
  };
}

function isWidths(value: unknown): value is Record<string, number> {
  return typeof value === 'object' && value !== null && Object.values(value).every(Number.isFinite);
}

/** Null when it is no list, or one that would hide everything. */
function columnsOf(value: unknown): FlowColumn[] | null {
  if (!Array.isArray(value)) return null;
  const columns = FLOW_COLUMNS.filter((column) => value.includes(column));
  return columns.length < FLOW_COLUMNS.length ? columns : null;
}

function isFlowReference(value: unknown): value is FlowReference {
  if (typeof value !== 'object' || value === null) return false;
  const { agent, flow } = value as Record<string, unknown>;
  return Number.isInteger(agent) && Number.isInteger(flow);
}

function isFilter(value: unknown): value is FlowFilter {
  if (typeof value !== 'object' || value === null) return false;
  const { text, verdict, ended } = value as Record<string, unknown>;
  const verdictFits = verdict === null || VERDICTS.some((known) => known === verdict);
  return typeof text === 'string' && typeof ended === 'boolean' && verdictFits;
}
