import { flow, podEnd, PORT, wirings } from '../../../../src/model/path/wiring.fixture.ts';
import { pathMessage } from './picture.ts';

const server = podEnd('b', 3, 8080);

/** A Service whose backend is on the other node, through a tunnel. */
export const tunnel = pathMessage(
  flow(podEnd('a', 2, PORT), server, {
    service: {
      namespace: 'shop',
      name: 'web',
      address: '10.96.0.10',
      port: 80,
      portName: 'http',
      type: 'ClusterIP',
      evidence: ['service-ip'],
    },
    nat: [{ kind: 'dnat', from: '10.96.0.10:80', to: `${server.address}:8080` }],
  }),
  wirings('vxlan'),
);
