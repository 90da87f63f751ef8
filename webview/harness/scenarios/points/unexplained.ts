import { flow, nodeAddress, podEnd, PORT, end, wirings } from '../../../../src/model/path/wiring.fixture.ts';
import { pathMessage } from './picture.ts';

const server = podEnd('b', 2, 8080);

/** From outside to a NodePort of another node, where one point saw nothing and nobody knows why. */
export const unexplained = pathMessage(
  flow(end('192.0.2.7', PORT), server, {
    nat: [
      { kind: 'dnat', from: `${nodeAddress('a')}:30080`, to: `${server.address}:8080` },
      { kind: 'masquerade', from: `192.0.2.7:${PORT}`, to: `${nodeAddress('a')}:1025` },
    ],
  }),
  wirings('hostgw'),
  ['cni0'],
);
