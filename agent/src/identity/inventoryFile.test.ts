import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Failure } from '../failure.ts';
import { parseInventory, readInventoryFile } from './inventoryFile.ts';

const POD = {
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop', uid: 'u1', managedFields: [{ large: true }] },
  spec: { containers: [{ name: 'main', image: 'x' }] },
  status: { podIP: '10.244.1.5' },
};

function failure(text: string): Failure {
  try {
    parseInventory(text, 'pods.json');
  } catch (error) {
    assert.ok(error instanceof Failure);
    return error;
  }
  return assert.fail('it was read');
}

describe('inventory file', () => {
  it('reads a List, keeps what identity needs and skips other kinds', () => {
    const list = { kind: 'List', items: [POD, { kind: 'ConfigMap', metadata: { name: 'c', uid: 'u2' } }] };
    const [pod, ...others] = parseInventory(JSON.stringify(list), 'pods.json');
    assert.equal(others.length, 0);
    assert.ok(pod?.kind === 'Pod');
    assert.deepEqual(pod.status.podIPs, [{ ip: '10.244.1.5' }]);
    assert.doesNotMatch(JSON.stringify(pod), /managedFields|image/);
  });

  it('says what is wrong, where, and how to make a good one', () => {
    assert.match(failure('{').message, /pods\.json is not JSON/);
    assert.match(failure('{"kind":"Pod"}').message, /not a Kubernetes List: its kind is "Pod"/);
    assert.match(failure('[]').message, /no kind/);
    assert.match(failure('{"kind":"List"}').message, /without "items"/);
    const broken = { kind: 'List', items: [POD, { ...POD, metadata: { name: 'x' } }] };
    assert.match(failure(JSON.stringify(broken)).message, /item 1: "metadata" lacks "name" or "uid"/);
    assert.match(failure('{').nextStep, /kubectl get pods,svc,nodes,endpointslices/);
    assert.throws(
      () => readInventoryFile('/nonexistent/inventory.json'),
      /cannot read inventory file .*ENOENT/,
    );
  });

  it('answers any JSON with objects or a Failure', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom('Pod', 'Service', 'Node', 'EndpointSlice'), (json, kind) => {
        const item: unknown = JSON.parse(json);
        const items = [
          { kind, metadata: { name: 'a', uid: 'b' }, spec: item, status: item, endpoints: item },
        ];
        try {
          parseInventory(JSON.stringify({ kind: 'List', items }), 'x');
        } catch (error) {
          assert.ok(error instanceof Failure, String(error));
        }
      }),
    );
  });
});
