import type { InterfaceReference } from './interfaceView/trafficLine.ts';
import type { NetworkDrawing } from './podNetwork/networkDrawing.ts';
import type { PodNetwork } from './podNetwork/networkStep.ts';

/** What the page of a pod's network shows. */
export interface PodNetworkPicture {
  readonly network: PodNetwork;
  readonly drawing: NetworkDrawing;
  /** The same as text, to be copied. */
  readonly text: string;
}

/** Host to page. */
export type ToPodNetworkPage =
  | { readonly type: 'network'; readonly picture: PodNetworkPicture }
  /** The pod was there and is no more: what was told last stays, with the reason. */
  | { readonly type: 'gone'; readonly reason: string }
  /** There is nothing to tell yet. */
  | { readonly type: 'nothing'; readonly reason: string };

/** Page to host. */
export type FromPodNetworkPage =
  | { readonly type: 'ready' }
  /** Opens the view of an interface of the node, in an editor beside this one where asked. */
  | { readonly type: 'open'; readonly interface: InterfaceReference; readonly beside: boolean }
  | { readonly type: 'copy'; readonly content: string };
