import assert from 'node:assert/strict';
import { wirings } from '../path/wiring.fixture.ts';
import type { Shape } from '../path/wiring.fixture.ts';
import type { ComparedView } from './comparison.ts';
import { comparison, comparisonText } from './comparison.ts';
import { interfaceView } from './interfaceView.ts';
import type { TrafficKind } from './traffic.ts';
import { trafficCounts } from './trafficCounts.ts';

function seen(shape: Shape, ifindex: number): ComparedView {
  const [topology] = wirings(shape);
  assert.ok(topology);
  const view = interfaceView(topology, 1000, ifindex);
  const name = topology.namespaces[0]?.interfaces.find((link) => link.ifindex === ifindex)?.name;
  assert.ok(view !== null && name !== undefined);
  return { name, view, counts: null };
}

describe('comparison', () => {
  const differences = (compared: readonly (ComparedView | null)[]): Partial<Record<TrafficKind, string>> =>
    Object.fromEntries(
      comparison(compared).flatMap(({ kind, differs }) => (differs === null ? [] : [[kind, differs]])),
    );

  it('says who sees what the others do not', () => {
    const found = differences([seen('vxlan', 2), seen('vxlan', 3), seen('vxlan', 12)]);
    assert.equal(found['pod-to-pod'], 'only at veth2');
    assert.equal(found['pod-masqueraded'], 'only at eth0');
    assert.equal(found['service-asked'], 'not at eth0');
    assert.equal(found['pod-to-other-node'], 'not all alike');
    assert.equal(found.loopback, undefined);
  });

  it('finds nothing between two that see the same, and leaves out what is not there', () => {
    assert.deepEqual(differences([seen('hostgw', 12), seen('hostgw', 13)]), {});
    assert.deepEqual(differences([seen('hostgw', 12), null]), {});
    assert.deepEqual(
      comparison([null, seen('hostgw', 3)]).map(({ at }) => at[0]),
      Array.from({ length: 15 }, () => null),
    );
  });

  it('has counts where there are some, in the text too', () => {
    const [topology] = wirings('hostgw');
    assert.ok(topology);
    const counts = trafficCounts([], { netns: 1000, ifindex: 2 }, topology);
    const text = comparisonText(
      ['eth0 on node-a', 'cni0 on node-a'],
      comparison([{ ...seen('hostgw', 2), counts }, seen('hostgw', 3)]),
    );
    assert.deepEqual(text.split('\n').slice(0, 3), [
      '= Pod to pod on this node',
      '  eth0 on node-a: cannot see. Both ends are on node-a: the packets never leave it. Counted: 0 packets, 0 bytes.',
      '  cni0 on node-a: cannot see. cni0 switches the frames from port to port and takes none itself.',
    ]);
  });
});
