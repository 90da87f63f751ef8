import { flow, podEnd, PORT, wirings } from '../../../../src/model/path/wiring.fixture.ts';
import { pathMessage } from './picture.ts';

const server = podEnd('a', 3, 8080);

/** A Service with its backend on the client's bridge, which hides the answers from netfilter. */
export const misaddressed = pathMessage(
  flow(podEnd('a', 2, PORT), server, {
    nat: [{ kind: 'dnat', from: '10.96.0.10:80', to: `${server.address}:8080` }],
  }),
  wirings('hostgw', { bridgeNetfilter: false }),
);
