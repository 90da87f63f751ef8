import { onNode } from './node.ts';

/** The uplink of a node whose pods use a tunnel: their packets are inside others. */
export const uplink = onNode('vxlan', 2);
