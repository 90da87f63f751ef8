import { flow, netfilterDrop, podEnd, PORT, wirings } from '../../../../src/model/path/wiring.fixture.ts';
import { pathMessage } from './picture.ts';

/** To the other node's pod, where a rule of the first node drops what the bridge hands up. */
export const dropped = pathMessage(
  flow(podEnd('a', 2, PORT), podEnd('b', 2, 6379), {
    verdict: 'dropped',
    received: { packets: 0, bytes: 0 },
    drops: [netfilterDrop({ node: 'node-a', netns: 1000, point: 'cni0', ifindex: 3 })],
  }),
  wirings('hostgw'),
  ['eth0', 'node-b'],
);
