import type { FlowReference } from '../../src/model/panelMessages.ts';

/** What the page keeps while it is hidden or VS Code restarts: how it looks, not what it shows. */
export interface PageState {
  readonly widths: Readonly<Record<string, number>>;
  /** Pixels. */
  readonly detailHeight: number;
  readonly ledgerOpen: boolean;
  readonly selected: FlowReference | null;
}

export const DEFAULT_PAGE_STATE: PageState = {
  widths: {},
  detailHeight: 240,
  ledgerOpen: false,
  selected: null,
};

/** Reads what was kept, perhaps by an older version; anything unfit is left out. */
export function pageStateOf(kept: unknown): PageState {
  if (typeof kept !== 'object' || kept === null) return DEFAULT_PAGE_STATE;
  const { widths, detailHeight, ledgerOpen, selected } = kept as Record<string, unknown>;
  return {
    widths: isWidths(widths) ? widths : DEFAULT_PAGE_STATE.widths,
    detailHeight: typeof detailHeight === 'number' ? detailHeight : DEFAULT_PAGE_STATE.detailHeight,
    ledgerOpen: ledgerOpen === true,
    selected: isFlowReference(selected) ? selected : null,
  };
}

function isWidths(value: unknown): value is Record<string, number> {
  return typeof value === 'object' && value !== null && Object.values(value).every(Number.isFinite);
}

function isFlowReference(value: unknown): value is FlowReference {
  if (typeof value !== 'object' || value === null) return false;
  const { agent, flow } = value as Record<string, unknown>;
  return Number.isInteger(agent) && Number.isInteger(flow);
}
