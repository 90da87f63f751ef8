import type { Tuple } from '../flow.ts';
import type { Aside, Change, Ending } from './flowPath.ts';
import type { ChosenRoute } from './routing.ts';
import type { Place, PlacedInterface } from './wirings.ts';

/** A packet at a hook. */
export interface Step {
  readonly at: PlacedInterface;
  readonly egress: boolean;
  readonly inner: boolean;
  readonly tuple: Tuple;
  readonly changes: readonly Change[];
  /** Of `some` there may be none at all. */
  readonly aside: Aside | null;
}

/** A bridge that passed a frame from port to port. */
export interface Switching {
  readonly bridge: PlacedInterface;
  readonly from: PlacedInterface;
  readonly to: PlacedInterface;
  /** Who it was passed to there. */
  readonly address: string;
  /** It was for the node before netfilter translated its destination. */
  readonly isTranslated: boolean;
}

/** A bridge that passes a frame to no port behind which its destination is. */
export interface Unswitched {
  readonly bridge: PlacedInterface;
  readonly why: string;
  /** Set where it gives the frame to every port instead: what the packet looks like there. */
  readonly flooded: Tuple | null;
}

export interface Walked {
  readonly steps: readonly Step[];
  readonly switchings: readonly Switching[];
  readonly unswitched: Unswitched | null;
  readonly routes: readonly { readonly place: Place; readonly chosen: ChosenRoute }[];
  readonly ending: Ending;
  /** What the packet looks like at its end. */
  readonly tuple: Tuple;
}
