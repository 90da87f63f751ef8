import { onNode } from './node.ts';

/** A pod’s wire that no bridge holds: the node routes. */
export const routedVeth = onNode('ptp', 12);
