import { onNode } from './node.ts';

/** The node’s end of a pod’s wire. */
export const podVeth = onNode('hostgw', 12);
