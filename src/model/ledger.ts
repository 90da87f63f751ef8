/** Packets that were seen and could not be read, by cause. Order is the kernel program's `enum unparsed_cause`. */
export const UNPARSED_CAUSES = [
  'not-ip',
  'truncated',
  'ip-options',
  'extension-header',
  'fragment',
  'protocol',
  'bad-header',
] as const;
export type UnparsedCause = (typeof UNPARSED_CAUSES)[number];

/** One observation point's count, in wire packets. `seen` = `counted` + all of `unparsed` + `mapFull`. */
export interface PointLedger {
  readonly interface: string;
  readonly ifindex: number;
  readonly netns: number;
  readonly point: string;
  readonly seen: number;
  readonly counted: number;
  /** Kernel buffers; an interface's own counter counts these, not wire packets. */
  readonly buffers: number;
  readonly bytes: number;
}

/** Everything lost, skipped, unparsed or folded together. Figures are packets unless the name says otherwise. */
export interface Ledger {
  readonly seen: number;
  readonly counted: number;
  readonly unparsed: Readonly<Record<UnparsedCause, number>>;
  readonly mapFull: number;
  /** Packets counted in a flow but at an observation point beyond its slots. */
  readonly pointsOverflow: number;
  readonly eventsLost: number;
  readonly suppressed: Readonly<Record<string, number>>;
  readonly folded: number;
  /** Flow updates, not packets: dropped because a reader stalled. */
  readonly queueDropped: number;
  readonly streamGap: number;
  /** Packets of the agent's own connection, kept out of the rows. */
  readonly own: number;
  readonly byPoint: readonly PointLedger[];
  readonly cost: SelfCost | null;
}

/** What the agent itself costs. */
export interface SelfCost {
  /** From the kernel's program statistics; null while they are off. */
  readonly nanosecondsPerPacket: number | null;
  /** Share of one CPU, 0 to n. */
  readonly cpu: number;
  readonly residentBytes: number;
  readonly flows: number;
  readonly mapEntries: number;
  readonly mapCapacity: number;
}
