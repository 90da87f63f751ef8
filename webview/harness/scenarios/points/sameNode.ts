import { flow, podEnd, PORT, wirings } from '../../../../src/model/path/wiring.fixture.ts';
import { pathMessage } from './picture.ts';

/** Two pods of one node: the bridge switches, and sees nothing. */
export const sameNode = pathMessage(flow(podEnd('a', 2, PORT), podEnd('a', 3, 8080)), wirings('hostgw'));
