import { recorded } from './recorded.ts';

/** A port of a bridge, other nodes by routes. */
export const bridge = recorded('hostgw');
