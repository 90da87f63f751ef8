import { onNode } from './node.ts';

/** A session that counts the flows of one pod alone. */
export const onePod = { ...onNode('hostgw', 12), only: 'shop/pod-a2' };
