import type { InterfaceStatistics, SocketEntry } from '../model/topology.ts';
import type { Source } from '../session/types.ts';
import type { NodesChanged } from './treeNode.ts';

/** What the rows of an observed node share. */
export interface RowContext {
  readonly source: Source;
  readonly node: string;
  readonly changed: NodesChanged;
  /** Inode of the node's own namespace. */
  readonly ownNamespace: () => number;
  /** Per second; null where that is not known yet. */
  readonly rates: (netns: number, ifindex: number) => InterfaceStatistics | null;
  /** Asks the agent. @throws Error in words for the user */
  readonly readSockets: (netns: number) => Promise<readonly SocketEntry[]>;
}
