import { onNode } from './node.ts';

const node = onNode('hostgw', 3);
const promiscuous = onNode('hostgw', 3, { promiscuous: true });

/** A bridge that is promiscuous, and is told not to be: it counts what the table says that it cannot see. */
export const contradiction = { ...node, flows: promiscuous.flows };
