import type { MessageInitShape } from '@bufbuild/protobuf';
import type { InventoryObject } from '../../../src/model/inventory.ts';
import type { Ledger } from '../../../src/model/ledger.ts';
import type { SocketEntry, Topology } from '../../../src/model/topology.ts';
import type {
  StreamDnsResponseSchema,
  StreamFlowsResponseSchema,
} from '../../../src/model/wire/generated/vethscope_pb.js';

export type FlowsMessage = MessageInitShape<typeof StreamFlowsResponseSchema>;
export type DnsResponse = MessageInitShape<typeof StreamDnsResponseSchema>;

/** What a reader asks for. */
export interface FlowsRequest {
  /** Last sequence that the reader has, 0 for none. */
  readonly afterSequence: number;
  /** Milliseconds, 0 for every interval. */
  readonly interval: number;
  readonly target: FlowsTarget;
}

export type DnsRequest = Pick<FlowsRequest, 'afterSequence' | 'target'>;

/** Which flows; both empty means all. */
export interface FlowsTarget {
  readonly podUids: readonly string[];
  readonly namespaces: readonly string[];
}

/** One finding of doctor. */
export interface Check {
  readonly name: string;
  readonly available: boolean;
  readonly detail: string;
  /** What will not be seen because of it; empty when available. */
  readonly effect: string;
}

export interface Introduction {
  readonly node: string;
  readonly kernel: string;
  /** Different for every session: sequences and ids of one mean nothing in another. */
  readonly session: string;
  readonly checks: readonly Check[];
}

/** What the server serves: a running observation or a recorded one. */
export interface Source {
  introduce(): Introduction;
  pushInventory(change: {
    reset: boolean;
    upserts: readonly InventoryObject[];
    deletedUids: readonly string[];
  }): number;
  flows(request: FlowsRequest, signal: AbortSignal): AsyncIterable<FlowsMessage>;
  dns(request: DnsRequest, signal: AbortSignal): AsyncIterable<DnsResponse>;
  topologies(signal: AbortSignal): AsyncIterable<Topology>;
  /** The sockets that a namespace has now; null where it is not there, or cannot be entered. @throws Failure */
  sockets(netns: number): Promise<readonly SocketEntry[] | null>;
  ledger(): Ledger;
}
