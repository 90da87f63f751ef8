import type { Drop, Flow, ObservationPoint, Sighting, Translation, Tuple } from '../flow.ts';
import type { InterfaceRole, PodReference } from '../topology.ts';

/** What must be known of a flow to find its path. */
export type PathQuestion = Pick<
  Flow,
  'client' | 'server' | 'sightings' | 'sent' | 'received' | 'drops' | 'verdict'
> & { readonly nat: readonly NodeTranslation[] };

/** A translation, with the node that tells of it, and who made it there, where that is known. */
export interface NodeTranslation extends Translation {
  readonly node?: string | null;
  /** Of what was asked for; who changes a source is not told. */
  readonly by?: Translator | null;
}

export type Translator = 'netfilter' | 'cilium';

/** An interface of a namespace of a node. */
export interface PathInterface {
  readonly node: string;
  /** Inode of the namespace. */
  readonly netns: number;
  /** Whose namespace it is; null for the node's own. */
  readonly pod: PodReference | null;
  readonly interface: string;
  readonly ifindex: number;
  readonly role: InterfaceRole;
  /** Whether our programs are attached here. */
  readonly attached: boolean;
}

/** What happens to a packet between a point and the one before it. */
export type Change = 'dnat' | 'snat' | 'undo-dnat' | 'undo-snat' | 'encapsulated' | 'decapsulated';

/** Why nothing was seen at a point. `other-end`: the other end of the same wire is observed. `unexplained` is counted: it is a gap in what we know, never a guess. */
export type BlankKind =
  | 'not-attached'
  | 'other-end'
  | 'no-packets'
  | 'dropped'
  | 'switched'
  | 'same-node'
  | 'not-on-route'
  | 'unexplained';

export interface Blank {
  readonly kind: BlankKind;
  /** One sentence. */
  readonly reason: string;
  /** What was found on the node that says so: a sysctl, a route, a port of the bridge. */
  readonly evidence: readonly string[];
}

/** What passes beside the way: some packets only, which then go on as the others do, or a copy of each. */
export interface Aside {
  readonly kind: 'some' | 'copies';
  /** One sentence, without its full stop. */
  readonly reason: string;
}

/** A place on the expected way of a conversation's packets in one direction. */
export interface PathPoint extends PathInterface {
  /** The hook: on the way out of the interface, else on the way in. */
  readonly egress: boolean;
  readonly point: ObservationPoint;
  /** Inside the packets of a tunnel that pass here. */
  readonly inner: boolean;
  /** What the packets look like here. */
  readonly tuple: Tuple;
  /** What was done to them since the point before, in this order. */
  readonly changes: readonly Change[];
  /** Set where what passes is not the packets on their way. */
  readonly aside: Aside | null;
  /** What was counted here. */
  readonly seen: Sighting | null;
  /** Set where `seen` is null. */
  readonly blank: Blank | null;
}

/** An interface that one might look at, and that the conversation does not pass. */
export interface Bystander extends PathInterface {
  readonly blank: Blank;
}

/** Where a way ends. */
export interface Ending {
  /**
   * `delivered`: in the namespace of the receiver; `left`: beyond what is observed; `stopped`: no way on is known;
   * `misaddressed`: an answer that comes to its client under an address that this did not ask.
   */
  readonly kind: 'delivered' | 'left' | 'stopped' | 'misaddressed';
  readonly node: string | null;
  readonly text: string;
}

/** Packets of a way, or copies of them, that the kernel dropped. */
export interface Loss {
  readonly drop: Drop;
  /** Index of the last point that they passed; -1 where they passed none, null where it is not on the way. */
  readonly after: number | null;
  /** Where, in words: an interface of a namespace. */
  readonly place: string;
  /** Only copies of packets ended there: the packets themselves went on. */
  readonly isOfCopies: boolean;
}

export interface Way {
  readonly points: readonly PathPoint[];
  readonly losses: readonly Loss[];
  readonly ending: Ending;
}

/** One conversation's expected way, with what was seen on it. */
export interface FlowPath {
  readonly request: Way;
  readonly reply: Way;
  readonly bystanders: readonly Bystander[];
  /** Sightings of copies: a bridge that does not know behind which port the destination is gives a frame to all. */
  readonly flooded: readonly Sighting[];
  /** Sightings at no point of either way as they are now, that ended before: packets went there once, and no more. */
  readonly past: readonly Sighting[];
  /** Other sightings at no point of either way: the wiring is not understood there. */
  readonly unexpected: readonly Sighting[];
}

/** A line of the public JSON where paths were asked for. */
export interface FlowWithPath extends Flow {
  readonly path: FlowPath;
}
