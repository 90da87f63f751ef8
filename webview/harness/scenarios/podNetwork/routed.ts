import { recorded } from './recorded.ts';

/** No bridge: the node routes to the pod’s own wire. */
export const routed = recorded('ptp');
