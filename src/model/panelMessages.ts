import type { Endpoint } from './endpoint.ts';
import type { Ledger } from './ledger.ts';

/**
 * Messages between a webview page and its panel in the extension host. State lives in the host; a page holds the
 * visible rows only and is sent everything again when it is shown.
 */

export const FLOW_COLUMNS = [
  'client',
  'server',
  'service',
  'protocol',
  'port',
  'verdict',
  'sent',
  'received',
  'rate',
  'rtt',
  'duration',
  'last',
  'points',
] as const;
export type FlowColumn = (typeof FLOW_COLUMNS)[number];

export interface FlowSort {
  readonly column: FlowColumn;
  readonly descending: boolean;
}

export type SessionPhase = 'starting' | 'running' | 'reconnecting' | 'stopped' | 'failed';

/** What the page shows above and below the grid. */
export interface FlowsPanelState {
  readonly title: string;
  /** For example "cluster c · node node-a". */
  readonly scope: string;
  readonly phase: SessionPhase;
  /** One sentence: what is going on, or what failed and what to do. */
  readonly status: string;
  readonly paused: boolean;
  readonly filter: string;
  readonly sort: FlowSort;
  readonly ledger: Ledger | null;
}

/** The visible part of the table. */
export interface FlowsWindow {
  /** Rows that pass the filter, and rows there are. */
  readonly matching: number;
  readonly total: number;
  /** Index of the first row in `rows`. */
  readonly first: number;
  /** FLOW_RECORD_BYTES each (src/model/flowRecord.ts). */
  readonly rows: ArrayBuffer;
  /** float64 a row: bytes per second over the last interval. */
  readonly rates: ArrayBuffer;
  /** Time of this picture, milliseconds since the epoch. */
  readonly now: number;
}

export interface NamedEndpoint {
  readonly id: number;
  readonly endpoint: Endpoint;
}

export interface SightingRow {
  readonly node: string;
  readonly interface: string;
  readonly point: string;
  readonly source: string;
  readonly destination: string;
  readonly packets: number;
  readonly bytes: number;
}

/** Host to page. */
export type ToFlowsPage =
  | { readonly type: 'state'; readonly state: FlowsPanelState }
  | { readonly type: 'endpoints'; readonly endpoints: readonly NamedEndpoint[] }
  | { readonly type: 'window'; readonly window: FlowsWindow }
  | { readonly type: 'detail'; readonly flow: number; readonly sightings: readonly SightingRow[] }
  | { readonly type: 'filterError'; readonly message: string; readonly position: number };

/** Page to host. */
export type FromFlowsPage =
  | { readonly type: 'ready' }
  | { readonly type: 'view'; readonly first: number; readonly count: number }
  | { readonly type: 'received' }
  | { readonly type: 'sort'; readonly sort: FlowSort }
  | { readonly type: 'filter'; readonly text: string }
  | { readonly type: 'pause'; readonly paused: boolean }
  | { readonly type: 'select'; readonly flow: number; readonly agent: number }
  | { readonly type: 'stop' }
  | { readonly type: 'restart' }
  | { readonly type: 'showLog' };
