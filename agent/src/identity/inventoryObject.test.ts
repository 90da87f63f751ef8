import assert from 'node:assert/strict';
import type { Pod } from '../../../src/model/inventory.ts';
import { inventoryObject } from './inventoryObject.ts';

function pod(uid: string): Pod {
  const object = inventoryObject({
    kind: 'Pod',
    metadata: {
      name: `web-${uid}`,
      namespace: 'a-namespace-of-more-than-ten-letters',
      uid,
      labels: { app: 'web', 'pod-template-hash': '7d9c5b6f4' },
      ownerReferences: [{ kind: 'ReplicaSet', name: 'web-7d9c5b6f4', uid: 'rs' }],
    },
    spec: {
      nodeName: 'node-a',
      containers: [{ name: 'main', image: 'web', ports: [{ containerPort: 80 }] }],
    },
    status: { phase: 'Running', podIPs: [{ ip: '10.244.1.5' }] },
  });
  assert.ok(object?.kind === 'Pod');
  return object;
}

describe('inventoryObject', () => {
  it('keeps what pods of one workload have in common once', () => {
    const [one, other] = [pod('one'), pod('other')];
    assert.notEqual(one.metadata.name, other.metadata.name);
    assert.equal(one.spec.containers, other.spec.containers);
    assert.equal(one.metadata.ownerReferences, other.metadata.ownerReferences);
    assert.equal(one.metadata.labels, other.metadata.labels);
    assert.deepEqual(one.metadata.labels, { 'pod-template-hash': '7d9c5b6f4' });
  });

  it('keeps of EndpointSlices what no pod is behind', () => {
    const slice = inventoryObject({
      kind: 'EndpointSlice',
      metadata: { name: 'db-1', namespace: 'shop', uid: 's', labels: { 'kubernetes.io/service-name': 'db' } },
      addressType: 'IPv4',
      endpoints: [
        { addresses: ['192.0.2.7'] },
        { addresses: ['10.244.1.5'], targetRef: { kind: 'Pod', uid: 'one' } },
      ],
    });
    assert.ok(slice?.kind === 'EndpointSlice');
    assert.equal(slice.metadata.labels?.['kubernetes.io/service-name'], 'db');
    assert.deepEqual(slice.endpoints, [{ addresses: ['192.0.2.7'] }]);
  });
});
