import { onNode } from './node.ts';

/** A tunnel, with where it sends to. */
export const tunnel = onNode('vxlan', 4);
