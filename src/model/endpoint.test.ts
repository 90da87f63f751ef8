import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Endpoint } from './endpoint.ts';
import { askedPort, endpointLabel, endpointText, labelText } from './endpoint.ts';

const BARE: Endpoint = {
  kind: 'unknown',
  namespace: null,
  name: null,
  uid: null,
  container: null,
  workload: null,
  node: null,
  address: '10.244.1.3',
  names: [],
  evidence: ['none'],
  candidates: [],
};
const shown = (parts: Partial<Endpoint>): string => labelText(endpointLabel({ ...BARE, ...parts }));

describe('endpointLabel', () => {
  it('shows the name with its namespace, else the one name of the address, else the address', () => {
    assert.equal(shown({ kind: 'pod', namespace: 'shop', name: 'web-1' }), 'shop/web-1');
    assert.equal(shown({ kind: 'node', name: 'worker-a' }), 'worker-a');
    assert.equal(shown({ kind: 'external', names: ['example.org'] }), 'example.org');
    assert.equal(shown({}), '10.244.1.3');
  });

  it('shows a Service that was asked for with its port', () => {
    const service = { kind: 'service', namespace: 'shop', name: 'web' } as const;
    assert.equal(shown({ ...service, names: ['http:80'] }), 'shop/web:80');
    assert.equal(shown({ ...service, names: [':80'] }), 'shop/web:80');
    assert.equal(shown(service), 'shop/web');
    assert.equal(askedPort({ ...BARE, kind: 'external', names: ['a:80'] }), null);
  });

  it('says what is open beside what is known', () => {
    assert.equal(shown({ candidates: ['a', 'b'] }), 'several candidates (10.244.1.3)');
    assert.equal(shown({ candidates: ['a'] }), '1 candidate (10.244.1.3)');
    assert.equal(
      shown({ kind: 'external', names: ['a.example', 'b.example'] }),
      'several names (10.244.1.3)',
    );
    const node = { kind: 'node', name: 'worker-a', candidates: ['a', 'b'] } as const;
    assert.equal(shown(node), 'worker-a (several candidates)');
  });

  it('never shows one of several', () => {
    const several = fc.uniqueArray(fc.stringMatching(/^x[a-z]{3,9}$/), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(several, fc.constantFrom('names', 'candidates'), (texts, field) => {
        const endpoint = { ...BARE, [field]: texts };
        for (const text of [labelText(endpointLabel(endpoint)), endpointText(endpoint)]) {
          assert.ok(!texts.some((one) => text.includes(one)), text);
        }
      }),
    );
  });
});
