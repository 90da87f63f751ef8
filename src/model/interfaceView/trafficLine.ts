import type { TrafficKind } from './traffic.ts';

/** An interface of the node by which it can be found again. */
export interface InterfaceReference {
  /** Inode of its namespace. */
  readonly netns: number;
  readonly ifindex: number;
  readonly name: string;
}

/**
 * Whether traffic of a kind passes an interface: all of it; that of one pod alone; all of it, but inside the packets of a
 * tunnel; or nothing.
 */
export type Passage = 'all' | 'part' | 'inside' | 'none';

export interface Reason {
  /** One sentence. */
  readonly reason: string;
  /** What was found on the node that says so: a sysctl, a route, a port of the bridge. */
  readonly evidence: readonly string[];
}

/** What an interface sees of one kind of traffic. */
export interface TrafficLine extends Reason {
  readonly kind: TrafficKind;
  readonly label: string;
  readonly passage: Passage;
  /** Why a few of these packets may pass here all the same, though none is seen as a rule; null where none may. */
  readonly strays: string | null;
  /** Where it is seen instead, if it is not here or only inside a tunnel; of many, some. */
  readonly seenBy: readonly (InterfaceReference & { readonly passage: Passage })[];
  /** How many pod interfaces more see their pod's part of it. */
  readonly more: number;
}

export interface InterfaceView {
  readonly lines: readonly TrafficLine[];
  /** What may make the table wrong on this node. */
  readonly notes: readonly string[];
}
