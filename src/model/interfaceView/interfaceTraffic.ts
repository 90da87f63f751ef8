import type { EndpointKind, EndpointLabel } from '../endpoint.ts';
import type { Protocol, Traffic, Verdict } from '../flow.ts';
import type { FlowReference } from '../panelMessages.ts';
import type { CountedKind } from './traffic.ts';
import type { KindCount, TrafficCounts } from './trafficCounts.ts';

/** One end of a flow in a list. */
export interface SeenEnd extends EndpointLabel {
  readonly kind: EndpointKind;
  readonly port: number;
}

/** A flow that was seen at an interface, with what was counted there. */
export interface SeenFlow {
  readonly flow: FlowReference;
  readonly client: SeenEnd;
  readonly server: SeenEnd;
  /** Name of the Service that was asked for. */
  readonly service: string | null;
  readonly protocol: Protocol;
  readonly verdict: Verdict;
  readonly ended: boolean;
  /** What its packets are here; several where they look different at times. */
  readonly kinds: readonly CountedKind[];
  readonly counted: KindCount;
  /** A second. */
  readonly rate: Traffic;
}

/** What passes an interface, as a session counts it. */
export interface InterfaceTraffic {
  /** Whose flows alone are counted; null where all of the node's are. */
  readonly only: string | null;
  /** When the session began, milliseconds since the epoch. */
  readonly since: number;
  readonly counts: TrafficCounts;
  /** A second, inside of tunnels too; null until there were two readings. */
  readonly rates: Readonly<Record<CountedKind, Traffic>> | null;
  /** Of flows that are no longer kept: of which kind they were is not known any more. */
  readonly departed: KindCount;
  /** The busiest first, some of all. */
  readonly flows: readonly SeenFlow[];
  /** How many there are. */
  readonly flowCount: number;
}
