import { onNode } from '../interface/node.ts';

/** An interface of a node that is not observed any more, beside one where the flows of one pod alone are counted. */
export const unobserved = [null, { ...onNode('hostgw', 12), only: 'shop/pod-a2' }];
