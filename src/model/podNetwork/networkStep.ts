import type { InterfaceReference } from '../interfaceView/trafficLine.ts';
import type { NodeShape, PodReference } from '../topology.ts';

/** What a step made. `device` stands for a pair where the pod has an interface of another kind. */
export type StepKind =
  | 'namespace'
  | 'veth-pair'
  | 'device'
  | 'move'
  | 'address'
  | 'up'
  | 'bridge-port'
  | 'programs'
  | 'pod-routes'
  | 'node-route'
  | 'other-nodes'
  | 'host-network';

/** An object of the node as it is now. */
export interface Finding {
  readonly name: string;
  readonly value: string;
  /** Where it is one, or belongs to one. */
  readonly interface: InterfaceReference | null;
}

/** One step of how a pod got its network, with what is there of it. */
export interface NetworkStep {
  readonly kind: StepKind;
  readonly title: string;
  /** What happened, in one sentence. */
  readonly sentence: string;
  /** What would do the same, by hand on the node as root; empty where there is nothing more to do. */
  readonly commands: readonly string[];
  /** What shows its outcome on the node. */
  readonly look: readonly string[];
  /** What proves it. */
  readonly findings: readonly Finding[];
  /** What the present state does not prove, and from what it is concluded; null where it proves all. */
  readonly inferred: string | null;
  /** Steps that cannot have come later: the kernel would have refused this one. */
  readonly needs: readonly StepKind[];
  /** Whether it was made for this pod, or once for all pods of the node. */
  readonly scope: 'pod' | 'node';
}

/** How a pod got its network, told from the wiring as it is now. */
export interface PodNetwork {
  readonly node: string;
  readonly pod: PodReference;
  readonly hostNetwork: boolean;
  /** How the node wires its pods. */
  readonly shape: NodeShape;
  readonly steps: readonly NetworkStep[];
  /** What holds for all steps. */
  readonly notes: readonly string[];
}
