import { onNode } from './node.ts';

/** A bridge that takes a copy of every frame. */
export const promiscuous = onNode('hostgw', 3, { promiscuous: true, bridgeNetfilter: false });
