import type { MessageInitShape } from '@bufbuild/protobuf';
import type { PacketFilter } from '../../native/index.d.ts';
import type { InventoryObject } from '../../../src/model/inventory.ts';
import type { Ledger } from '../../../src/model/ledger.ts';
import type { SocketEntry, Topology } from '../../../src/model/topology.ts';
import type {
  CaptureResponseSchema,
  StreamDnsResponseSchema,
  StreamFlowsResponseSchema,
} from '../../../src/model/wire/generated/vethscope_pb.js';

export type FlowsMessage = MessageInitShape<typeof StreamFlowsResponseSchema>;
export type CaptureMessage = MessageInitShape<typeof CaptureResponseSchema>;
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

/** Which packets, where, and when it is enough; limits are 0 where the reader sets none. */
export interface CaptureQuestion {
  readonly id: string;
  readonly application: string;
  readonly netns: number;
  readonly interfaces: readonly string[];
  readonly filter: PacketFilter | null;
  readonly mostPackets: number;
  readonly mostSeconds: number;
  readonly mostBytes: number;
}

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
  /** Packets of interfaces, as a pcapng file. @throws Failure */
  capture(question: CaptureQuestion, signal: AbortSignal): AsyncIterable<CaptureMessage>;
  /** Ends a capture by its id, if it runs. */
  endCapture(id: string): void;
  ledger(): Ledger;
}
