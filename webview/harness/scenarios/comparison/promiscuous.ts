import { onNode } from '../interface/node.ts';

/** A bridge that switches beside one that takes a copy of every frame. */
export const promiscuous = [onNode('hostgw', 3), onNode('hostgw', 3, { promiscuous: true })];
