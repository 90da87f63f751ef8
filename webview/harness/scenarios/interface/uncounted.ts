import { onNode } from './node.ts';

/** The wiring is told, and no session counts. */
export const uncounted = { ...onNode('hostgw', 3), flows: null };
