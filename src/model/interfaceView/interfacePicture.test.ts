import assert from 'node:assert/strict';
import { wirings } from '../path/wiring.fixture.ts';
import { addressesOf, interfacePicture } from './interfacePicture.ts';

describe('interfacePicture', () => {
  const [bridged] = wirings('vxlan');
  assert.ok(bridged);

  it('has a bridge’s ports with their pods, and the routes by it', () => {
    const picture = interfacePicture(bridged, { netns: 1000, ifindex: 3 }, null);
    assert.ok(picture);
    assert.deepEqual(
      picture.ports.map(({ port, pod }) => [port.name, pod?.name]),
      [
        ['veth2', 'pod-a2'],
        ['veth3', 'pod-a3'],
      ],
    );
    assert.deepEqual(
      picture.routes.map(({ destination }) => destination),
      ['10.244.0.0/24'],
    );
  });

  it('has the master and the peer of a veth, and its peer has the veth', () => {
    const host = interfacePicture(bridged, { netns: 1000, ifindex: 12 }, null);
    assert.deepEqual(host?.master, { netns: 1000, ifindex: 3, name: 'cni0' });
    assert.deepEqual([host.peer?.netns, host.peer?.name, host.peer?.pod?.name], [1002, 'eth0', 'pod-a2']);
    assert.equal(host.inside, null);
    const inside = interfacePicture(bridged, { netns: 1002, ifindex: 2 }, null);
    assert.deepEqual(
      [inside?.peer?.name, inside?.peer?.pod, inside?.inside?.name],
      ['veth2', null, 'pod-a2'],
    );
  });

  it('has where a tunnel sends, and its neighbours', () => {
    const picture = interfacePicture(bridged, { netns: 1000, ifindex: 4 }, null);
    assert.ok(picture);
    assert.deepEqual(
      picture.forwarding.map(({ destination }) => destination),
      ['10.0.0.2'],
    );
    assert.equal(picture.neighbours.length, 1);
  });

  it('knows the pod’s address for the node’s end of its wire, and nothing of what is not there', () => {
    assert.deepEqual(addressesOf(bridged, 1000, 12), ['10.244.0.2/24']);
    assert.deepEqual(addressesOf(bridged, 1000, 2), ['10.0.0.1/24']);
    assert.deepEqual(addressesOf(bridged, 1000, 99), []);
    assert.equal(interfacePicture(bridged, { netns: 1000, ifindex: 99 }, null), null);
  });
});
