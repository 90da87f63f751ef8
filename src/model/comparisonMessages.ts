import type { InterfacePicture } from './interfaceMessages.ts';
import type { InterfaceTraffic } from './interfaceView/interfaceTraffic.ts';
import type { InterfaceReference } from './interfaceView/trafficLine.ts';

/** One interface of those that are compared; `reason` says why there is no picture of it. */
export interface ComparedInterface {
  readonly node: string;
  readonly interface: InterfaceReference;
  readonly picture: InterfacePicture | null;
  readonly reason: string | null;
  /** Whether its node must be observed first. */
  readonly unobserved: boolean;
}

/** Host to page. */
export type ToComparisonPage =
  | { readonly type: 'interfaces'; readonly interfaces: readonly ComparedInterface[] }
  /** Of each in the same order, once a second; null where no session counts. */
  | { readonly type: 'traffic'; readonly traffic: readonly (InterfaceTraffic | null)[] };

/** Page to host. Places are those of the interfaces in their order. */
export type FromComparisonPage =
  | { readonly type: 'ready' }
  /** Opens the view of one of them, or of another interface of its node. */
  | {
      readonly type: 'open';
      readonly place: number;
      readonly interface: InterfaceReference;
      readonly beside: boolean;
    }
  | { readonly type: 'observe'; readonly place: number }
  /** Asks for other interfaces to compare. */
  | { readonly type: 'choose' }
  | { readonly type: 'copy'; readonly content: string };
