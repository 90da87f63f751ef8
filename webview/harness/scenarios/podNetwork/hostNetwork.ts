import { recorded } from './recorded.ts';

/** A pod of the node’s own network: nothing was made. */
export const hostNetwork = recorded('vxlan', 'node-exporter');
