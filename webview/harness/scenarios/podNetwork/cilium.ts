import { recorded } from './recorded.ts';

/** Cilium’s programs instead of a bridge; one end was moved. */
export const cilium = recorded('cilium');
