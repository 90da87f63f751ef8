import type { InterfaceTraffic } from './interfaceView/interfaceTraffic.ts';
import type { InterfaceReference, InterfaceView } from './interfaceView/trafficLine.ts';
import type { FlowReference } from './panelMessages.ts';
import type {
  ForwardingEntry,
  InterfaceStatistics,
  InterfaceTopology,
  Neighbour,
  PodReference,
  Route,
} from './topology.ts';

/** Another interface, and whose namespace it is in: a pod's, or the node's where null. */
export interface LinkedInterface extends InterfaceReference {
  readonly pod: PodReference | null;
}

/** A port of a bridge. */
export interface PortLine {
  readonly port: InterfaceReference;
  /** Whose wire it is. */
  readonly pod: PodReference | null;
  readonly state: string;
  /** What the forwarding table has behind it. */
  readonly forwarding: readonly ForwardingEntry[];
}

/** What the interface page shows. */
export interface InterfacePicture {
  readonly node: string;
  readonly netns: number;
  readonly link: InterfaceTopology;
  /** The pod whose namespace it is in; null for the node's own. */
  readonly inside: PodReference | null;
  /** The pod whose wire it is, at either end. */
  readonly owner: PodReference | null;
  readonly master: InterfaceReference | null;
  readonly peer: LinkedInterface | null;
  readonly ports: readonly PortLine[];
  /** Of an interface that is no bridge: where a tunnel sends what is for a MAC. */
  readonly forwarding: readonly ForwardingEntry[];
  /** Routes that lead out of it. */
  readonly routes: readonly Route[];
  readonly neighbours: readonly Neighbour[];
  /** A second, between the last two readings; null until there were two. */
  readonly rates: InterfaceStatistics | null;
  readonly view: InterfaceView;
}

/** Host to page. */
export type ToInterfacePage =
  | { readonly type: 'interface'; readonly picture: InterfacePicture }
  /** What passes it now, once a second; null where no session counts. */
  | { readonly type: 'traffic'; readonly traffic: InterfaceTraffic | null }
  /** There is no such interface any more, or no wiring to find it in because the node is not observed. */
  | { readonly type: 'nothing'; readonly reason: string; readonly unobserved: string | null };

/** Page to host. */
export type FromInterfacePage =
  | { readonly type: 'ready' }
  /** Opens the view of another interface of the node, in an editor beside this one where asked. */
  | { readonly type: 'open'; readonly interface: InterfaceReference; readonly beside: boolean }
  | { readonly type: 'showFlows' }
  /** Opens the path of a flow that was seen here. */
  | { readonly type: 'showPath'; readonly flow: FlowReference }
  /** Begins to observe the node, and all of it. */
  | { readonly type: 'observe' }
  /** Asks which interfaces to show this one beside. */
  | { readonly type: 'compare' }
  | { readonly type: 'copy'; readonly content: string };
