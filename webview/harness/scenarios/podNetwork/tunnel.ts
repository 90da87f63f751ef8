import { recorded } from './recorded.ts';

/** A port of a bridge, other nodes through a tunnel. */
export const tunnel = recorded('flannel');
