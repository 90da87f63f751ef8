import type { FlowEnd, Verdict } from './flow.ts';
import type { FlowPath } from './path/flowPath.ts';

/** What the observation-point page shows of one flow. */
export interface FlowPathPicture {
  readonly client: FlowEnd;
  readonly server: FlowEnd;
  /** The Service that was asked for, as it is shown. */
  readonly service: string | null;
  readonly protocol: string;
  readonly verdict: Verdict;
  readonly path: FlowPath;
  /** When its ways became what they are, milliseconds since the epoch; null where they did not change since it is shown. */
  readonly changed: number | null;
  /** The same as text, to be copied. */
  readonly text: string;
  /** Nodes on whose wiring nothing is known because no agent runs there. */
  readonly unobserved: readonly string[];
}

/** Host to page. */
export type ToPointsPage =
  | { readonly type: 'path'; readonly picture: FlowPathPicture }
  /** There is no such flow any more, or no wiring to draw it on. */
  | { readonly type: 'nothing'; readonly reason: string };

/** Page to host. */
export type FromPointsPage =
  | { readonly type: 'ready' }
  /** Observes a further node as well. */
  | { readonly type: 'observeNode'; readonly node: string }
  | { readonly type: 'copy'; readonly what: 'text' | 'picture'; readonly content: string };
