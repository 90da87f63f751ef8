/** Packets that were seen and could not be read, by cause. Order is the kernel program's `enum unparsed_cause`. */
export const UNPARSED_CAUSES = [
  'arp',
  'not-ip',
  'truncated',
  'vlan-depth',
  'extension-header',
  'bad-header',
] as const;
export type UnparsedCause = (typeof UNPARSED_CAUSES)[number];

/**
 * One observation point's count, in wire packets. `seen` = `counted` + `unparsed` + `mapFull` + `filtered`, and what the
 * sightings of flows add up to at this point, those inside tunnels aside, is `counted` - `pointsOverflow` as long as
 * nothing was folded or our own.
 */
export interface PointLedger {
  readonly interface: string;
  /** 0 for several interfaces together that went away long ago. */
  readonly ifindex: number;
  readonly netns: number;
  readonly point: string;
  readonly seen: number;
  readonly counted: number;
  readonly unparsed: number;
  readonly mapFull: number;
  readonly filtered: number;
  readonly pointsOverflow: number;
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
  /** Packets that did not match the kernel's filter. */
  readonly filtered: number;
  /** Packets inside tunnels: beside those seen, not part of them. */
  readonly inner: { readonly counted: number; readonly unparsed: number; readonly mapFull: number };
  /** Packets counted in a flow without ports: fragments whose first was not seen. */
  readonly looseFragments: number;
  /** Packets counted in a flow but at an observation point beyond its slots. */
  readonly pointsOverflow: number;
  readonly eventsLost: number;
  /** Events beyond their rate, by kind: dns, icmp-error, capture, drop, sample. */
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

/** Nothing seen, nothing lost. */
export const EMPTY_LEDGER: Ledger = {
  seen: 0,
  counted: 0,
  unparsed: Object.fromEntries(UNPARSED_CAUSES.map((cause) => [cause, 0])) as Ledger['unparsed'],
  mapFull: 0,
  filtered: 0,
  inner: { counted: 0, unparsed: 0, mapFull: 0 },
  looseFragments: 0,
  pointsOverflow: 0,
  eventsLost: 0,
  suppressed: {},
  folded: 0,
  queueDropped: 0,
  streamGap: 0,
  own: 0,
  byPoint: [],
  cost: null,
};
