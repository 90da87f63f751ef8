import { onNode } from '../interface/node.ts';

/** The ways to look at a node: its uplink beside its bridge beside the wire of a pod. */
export const uplinkBridgeVeth = [onNode('vxlan', 2), onNode('vxlan', 3), onNode('vxlan', 12)];
