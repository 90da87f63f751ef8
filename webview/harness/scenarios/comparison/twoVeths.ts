import { onNode } from '../interface/node.ts';

/** The wires of two pods: they see parts of the same kinds. */
export const twoVeths = [onNode('hostgw', 12), onNode('hostgw', 13)];
