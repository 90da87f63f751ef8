import type { ClockOffset } from './clockOffset.ts';
import type { Endpoint, EndpointKind, EndpointLabel } from './endpoint.ts';
import type { FlowTunnel, Translation, Verdict } from './flow.ts';
import type { Ledger } from './ledger.ts';

/**
 * Messages between a webview page and its panel in the extension host. State lives in the host; a page holds the
 * visible rows only and is sent everything again when it is shown.
 */

export const FLOW_COLUMNS = [
  'client',
  'server',
  'service',
  'via',
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

/** Column headings; the page and the exports use the same words. */
export const COLUMN_LABELS: Readonly<Record<FlowColumn, string>> = {
  client: 'Client',
  server: 'Server',
  service: 'Service',
  via: 'Via',
  protocol: 'Protocol',
  port: 'Port',
  verdict: 'Verdict',
  sent: 'Sent',
  received: 'Received',
  rate: 'Rate',
  rtt: 'RTT',
  duration: 'Duration',
  last: 'Last Seen',
  points: 'Points',
};

export interface FlowSort {
  readonly column: FlowColumn;
  readonly descending: boolean;
}

/** What rows are grouped by: the workload of the client or the server, the Service that was asked for, or nothing. */
export const FLOW_GROUPINGS = ['none', 'client', 'server', 'service'] as const;
export type FlowGrouping = (typeof FLOW_GROUPINGS)[number];

export interface FlowFilter {
  /**
   * Words, all of which must be found in a row's names, addresses, protocol or verdict, upper or lower case. A number
   * is also found when it is one of the ports, before or after NAT. `interface:` and `point:` ask where the flow was seen
   * (flowQuery.ts).
   */
  readonly text: string;
  /** Only this verdict; null for any. */
  readonly verdict: Verdict | null;
  /** Whether flows that ended are shown. */
  readonly ended: boolean;
}

export type SessionPhase = 'starting' | 'running' | 'reconnecting' | 'stopped' | 'failed';

/** What failed and what to do, each a sentence or less. */
export interface PanelProblem {
  readonly what: string;
  readonly where: string;
  readonly why: string;
  readonly next: string;
}

/** What a flow table asks, so that it can ask again after VS Code was closed. No credentials. */
export interface FlowsQuestion {
  readonly source:
    | {
        readonly kind: 'cluster';
        /** As the setting `vethscope.kubeconfig` would name them; empty for the default. */
        readonly kubeconfig: string;
        readonly context: string;
      }
    | { readonly kind: 'local'; readonly name: string };
  readonly target:
    | { readonly kind: 'pod'; readonly namespace: string; readonly name: string }
    | { readonly kind: 'node'; readonly node: string };
}

/** What the page shows above and below the grid. */
export interface FlowsPanelState {
  /** Kept by the page for its next life. */
  readonly question: FlowsQuestion;
  readonly title: string;
  /** For example "cluster c · pod shop/web-1 · node node-a". */
  readonly scope: string;
  readonly phase: SessionPhase;
  /** One sentence: what is going on, or what failed and what to do. */
  readonly status: string;
  /** Set while failed or reconnecting. */
  readonly problem: PanelProblem | null;
  readonly paused: boolean;
  readonly filter: FlowFilter;
  readonly sort: FlowSort;
  readonly grouping: FlowGrouping;
  /** Sum over the session's agents; null until one told. */
  readonly ledger: Ledger | null;
  /** Clocks of the observed nodes, as far as they were measured: by them times of several nodes are compared. */
  readonly clocks: readonly NodeClock[];
}

export interface NodeClock extends ClockOffset {
  readonly node: string;
}

/** What a group of rows has in common. */
export interface GroupName extends EndpointLabel {
  readonly kind: EndpointKind;
  /** For example `Deployment`, `Service` or `Node`; empty where there is no word for it. */
  readonly type: string;
}

/** The line of a group in the table: figures are sums over the flows that pass the filter. */
export interface GroupLine {
  /** Which of the window's rows it is; the record there is empty. */
  readonly row: number;
  /** The same for the same group in every session. */
  readonly key: string;
  /** Null for the flows that have no such thing, for example that went through no Service. */
  readonly name: GroupName | null;
  /** Whether its flows are shown below it. */
  readonly open: boolean;
  readonly flows: number;
  /** Flows of these that have not ended. */
  readonly live: number;
  /** Flows of these that were dropped, refused, reset or not answered. */
  readonly failing: number;
  readonly sentPackets: number;
  readonly sentBytes: number;
  readonly receivedPackets: number;
  readonly receivedBytes: number;
  /** Bytes per second over the last interval. */
  readonly rate: number;
  /** From the first packet of all to the last, milliseconds since the epoch. */
  readonly start: number;
  readonly end: number;
}

/** The visible part of the table. */
export interface FlowsWindow {
  /** Flows that pass the filter, and flows there are, ended ones included. */
  readonly matching: number;
  readonly total: number;
  /** Lines of the table: groups, and flows of no or of open groups. */
  readonly lines: number;
  /** Flows that ended and are no longer kept. */
  readonly droppedEnded: number;
  /** Index of the first row in `rows`. */
  readonly first: number;
  /** FLOW_RECORD_BYTES each (src/model/flowRecord.ts); endpoint ids are those of `endpoints` messages. */
  readonly rows: ArrayBuffer;
  /** float64 a row: bytes per second over the last interval. */
  readonly rates: ArrayBuffer;
  readonly groups: readonly GroupLine[];
  /** What NAT did to these rows; the others it left alone. */
  readonly translated: readonly { readonly row: number; readonly nat: readonly Translation[] }[];
  /** Time of this picture, milliseconds since the epoch. */
  readonly now: number;
}

export interface NamedEndpoint {
  readonly id: number;
  readonly endpoint: Endpoint;
}

/** A flow of the table: its id within its agent. */
export interface FlowReference {
  readonly agent: number;
  readonly flow: number;
}

/** What one observation point counted, with its names. Times are milliseconds since the epoch. */
export interface SightingRow {
  readonly node: string;
  /** Inode of the namespace. */
  readonly netns: number;
  readonly interface: string;
  readonly ifindex: number;
  readonly point: string;
  /** Inside the packets of a tunnel that pass there. */
  readonly inner: boolean;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly packets: number;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/** What carries one direction of a flow; `flow` is that of the tunnel's packets, null where it is not held. */
export type TunnelRow = Omit<FlowTunnel, 'flow'> & { readonly flow: FlowReference | null };

/** Host to page. */
export type ToFlowsPage =
  | { readonly type: 'state'; readonly state: FlowsPanelState }
  | { readonly type: 'endpoints'; readonly endpoints: readonly NamedEndpoint[] }
  | { readonly type: 'window'; readonly window: FlowsWindow }
  | {
      readonly type: 'detail';
      /** As it was selected. */
      readonly flow: FlowReference;
      /** What it is called now: it may have been absorbed by another flow, or joined with what another node saw of it. */
      readonly heir: FlowReference;
      /** One flow record; null when the flow is no longer kept. */
      readonly record: ArrayBuffer | null;
      readonly sightings: readonly SightingRow[];
      readonly tunnels: readonly TunnelRow[];
      /** What NAT did to it. */
      readonly nat: readonly Translation[];
      /** Nodes of its ends on which no agent of the session runs. */
      readonly unobserved: readonly string[];
    }
  /** The host filters by something else now, for example because a row of Node Interfaces asked for it. */
  | { readonly type: 'filter'; readonly filter: FlowFilter };

/** Page to host. */
export type FromFlowsPage =
  | { readonly type: 'ready' }
  /** The rows in sight; the host answers with windows of them. */
  | { readonly type: 'view'; readonly first: number; readonly count: number }
  /** The last window was drawn: the host may send another. */
  | { readonly type: 'received' }
  | { readonly type: 'sort'; readonly sort: FlowSort }
  | { readonly type: 'filter'; readonly filter: FlowFilter }
  | { readonly type: 'group'; readonly by: FlowGrouping }
  /** Opens or closes a group; all of them where the key is null. */
  | { readonly type: 'openGroup'; readonly key: string | null; readonly open: boolean }
  | { readonly type: 'pause'; readonly paused: boolean }
  /** The flow to send details of; null for none. */
  | { readonly type: 'select'; readonly flow: FlowReference | null }
  /** Opens the observation points of a flow. */
  | { readonly type: 'showPoints'; readonly flow: FlowReference }
  /** Observes a further node as well. */
  | { readonly type: 'observeNode'; readonly node: string }
  /** Shows the wire of a pod in Node Interfaces. */
  | { readonly type: 'revealPod'; readonly namespace: string; readonly name: string }
  | { readonly type: 'stop' }
  | { readonly type: 'restart' }
  | { readonly type: 'showLog' }
  | { readonly type: 'openSettings' };
