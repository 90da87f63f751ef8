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
  readonly inner: {
    readonly counted: number;
    readonly unparsed: number;
    readonly mapFull: number;
    readonly pointsOverflow: number;
  };
  /** Packets counted in a flow without ports: fragments whose first was not seen. */
  readonly looseFragments: number;
  /** Packets counted in a flow but at an observation point beyond its slots. */
  readonly pointsOverflow: number;
  readonly eventsLost: number;
  /** Events beyond their rate, by kind: dns, icmp-error, capture, drop, sample. */
  readonly suppressed: Readonly<Record<string, number>>;
  readonly dns: DnsCounts;
  readonly drops: DropCounts;
  readonly nat: NatCounts;
  readonly folded: number;
  /** Flow updates, not packets: dropped because a reader stalled. */
  readonly queueDropped: number;
  readonly streamGap: number;
  /** Packets of the agent's own connection, kept out of the rows. */
  readonly own: number;
  readonly byPoint: readonly PointLedger[];
  readonly cost: SelfCost | null;
}

/** DNS messages read, and what of them could not be told. */
export interface DnsCounts {
  readonly messages: number;
  readonly malformed: number;
  /** Answers to questions that were not seen or were asked too long before; questions beyond those that are kept. */
  readonly unmatched: number;
  /** Exchanges that were seen in a second namespace, too. */
  readonly duplicates: number;
  /** Times that bytes of a TCP stream were given up, because what belongs to them never came. */
  readonly unassembled: number;
  /** Names of addresses that made room for newer ones while they held: later flows lack them. */
  readonly namesEvicted: number;
}

export const NO_DNS: DnsCounts = {
  messages: 0,
  malformed: 0,
  unmatched: 0,
  duplicates: 0,
  unassembled: 0,
  namesEvicted: 0,
};

/** Wire packets that the kernel dropped in the observed namespaces and those of the node's pods. */
export interface DropCounts {
  /** Whether the kernel tells of drops; where it does not, the figures say nothing. */
  readonly available: boolean;
  readonly total: number;
  /** By the running kernel's names of its reasons. */
  readonly byReason: Readonly<Record<string, number>>;
  /** Those in no row: told of by no event, without readable headers, or where there was no room for a row. */
  readonly unattributed: number;
  /** Those that the kernel's filter does not want; not in the total. */
  readonly filtered: number;
  /** Echo replies to a raw socket's ping, freed after they were read: not lost, and not in the total. */
  readonly unclaimed: number;
  /** Calls of our program that the kernel left out, of all namespaces: at most so many more packets were dropped. */
  readonly skipped: number;
}

export const NO_DROPS: DropCounts = {
  available: false,
  total: 0,
  byReason: {},
  unattributed: 0,
  filtered: 0,
  unclaimed: 0,
  skipped: 0,
};

/** Connections across NAT: how they became one flow each, and what stood in the way. */
export interface NatCounts {
  /** Whether connection tracking is followed in every observed namespace; where it is not, tuples stay flows of their own. */
  readonly available: boolean;
  /** Translated connections known now. */
  readonly translations: number;
  /** Flows counted as several, or without their translation, before that was known. */
  readonly joinedLate: number;
  /** Times that the kernel dropped events of connection tracking, nobody knows how many. The table is listed again then. */
  readonly overruns: number;
  /** Translations that had to go for others before a packet of theirs was counted. */
  readonly evicted: number;
  /** Flows whose opening was not seen, so that connection tracking was asked who began them; and how often it knew. */
  readonly initiatorsAsked: number;
  readonly initiatorsTold: number;
}

export const NO_NAT: NatCounts = {
  available: false,
  translations: 0,
  joinedLate: 0,
  overruns: 0,
  evicted: 0,
  initiatorsAsked: 0,
  initiatorsTold: 0,
};

/** What the agent itself costs. */
export interface SelfCost {
  /**
   * Mean kernel time for a buffer at one observation point, in the spans that the kernel's program statistics were on;
   * a packet passes several points. Null until then, or where they are refused.
   */
  readonly nanosecondsPerPacket: number | null;
  /**
   * The same for a buffer that the kernel frees as dropped, wherever on the machine: the program that counts drops looks
   * at each. Not part of the figure above. Null also where drops are not available.
   */
  readonly nanosecondsPerDrop: number | null;
  /** Share of one CPU, 0 to n, that the programs of both figures took in the last such span; not part of `cpu`. */
  readonly programsCpu: number | null;
  /** Share of one CPU, 0 to n, of the agent's process. */
  readonly cpu: number;
  /** Of the agent's process. */
  readonly residentBytes: number;
  /** Kernel memory of all maps, as the kernel has it; not part of the resident bytes. */
  readonly kernelMapBytes: number | null;
  /** Rows of the flow table. */
  readonly flows: number;
  /** Flows that the last drain brought, and the most that one did; near the capacity new flows begin to be lost. */
  readonly mapEntries: number;
  readonly mapPeak: number;
  /** Flows that the kernel's map can hold between two drains. */
  readonly mapCapacity: number;
}

/** Nothing seen, nothing lost. */
export const EMPTY_LEDGER: Ledger = {
  seen: 0,
  counted: 0,
  unparsed: Object.fromEntries(UNPARSED_CAUSES.map((cause) => [cause, 0])) as Ledger['unparsed'],
  mapFull: 0,
  filtered: 0,
  inner: { counted: 0, unparsed: 0, mapFull: 0, pointsOverflow: 0 },
  looseFragments: 0,
  pointsOverflow: 0,
  eventsLost: 0,
  suppressed: {},
  dns: NO_DNS,
  drops: NO_DROPS,
  nat: NO_NAT,
  folded: 0,
  queueDropped: 0,
  streamGap: 0,
  own: 0,
  byPoint: [],
  cost: null,
};
