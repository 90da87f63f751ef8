import { onNode } from './node.ts';

/** The bridge of a node with a tunnel: what is switched, and what it takes. */
export const bridge = onNode('vxlan', 3);
