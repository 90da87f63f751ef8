import { flow, podEnd, PORT, wirings } from '../../../../src/model/path/wiring.fixture.ts';
import { pathMessage } from './picture.ts';

/** The server's node has no agent. */
export const unobserved = pathMessage(
  flow(podEnd('a', 2, PORT), podEnd('b', 2, 8080)),
  wirings('vxlan').slice(0, 1),
  [],
  ['node-b'],
);
