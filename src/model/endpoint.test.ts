import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Endpoint } from './endpoint.ts';
import { askedPort, endpointLabel, endpointText, labelText, unknownEndpoint } from './endpoint.ts';

const OUTSIDE: Endpoint = { ...unknownEndpoint('169.254.169.254'), kind: 'external' };
const BARE: Endpoint = unknownEndpoint('10.244.1.3');

describe('endpointText', () => {
  const CASES: readonly [what: string, changes: Partial<Endpoint>, text: string][] = [
    ['a pod with its namespace', { namespace: 'shop', name: 'web', names: ['web.test'] }, 'shop/web'],
    ['a node', { name: 'node-a' }, 'node-a'],
    ['an address that nothing is known of', {}, '169.254.169.254'],
    ['the one name that was asked for', { names: ['api.test'], evidence: ['dns'] }, 'api.test'],
    [
      'the name that was asked for before what the range is',
      { names: ['metadata.test', 'cloud metadata service'], evidence: ['dns'] },
      'metadata.test',
    ],
    [
      'no name where several hold',
      { names: ['a.test', 'b.test'], evidence: ['dns'], candidates: ['a.test', 'b.test'] },
      '169.254.169.254',
    ],
    [
      'an address with what its range is',
      { names: ['cloud metadata service'] },
      '169.254.169.254 (cloud metadata service)',
    ],
  ];
  for (const [what, changes, text] of CASES) {
    it(`shows ${what}`, () => assert.equal(endpointText({ ...OUTSIDE, ...changes }), text));
  }
});

const shown = (parts: Partial<Endpoint>): string => labelText(endpointLabel({ ...BARE, ...parts }));

describe('endpointLabel', () => {
  it('shows the name with its namespace, else the one name of the address, else the address', () => {
    assert.equal(shown({ kind: 'pod', namespace: 'shop', name: 'web-1' }), 'shop/web-1');
    assert.equal(shown({ kind: 'node', name: 'worker-a' }), 'worker-a');
    assert.equal(shown({ kind: 'external', names: ['example.org'], evidence: ['dns'] }), 'example.org');
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
      shown({
        kind: 'external',
        names: ['a.example', 'b.example'],
        evidence: ['dns'],
        candidates: ['a.example', 'b.example'],
      }),
      'several names (10.244.1.3)',
    );
    const node = { kind: 'node', name: 'worker-a', candidates: ['a', 'b'] } as const;
    assert.equal(shown(node), 'worker-a (several candidates)');
  });

  it('never shows one of several', () => {
    const several = fc.uniqueArray(fc.stringMatching(/^x[a-z]{3,9}$/), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(several, fc.constantFrom('names', 'candidates'), (texts, field) => {
        const endpoint: Endpoint =
          field === 'names'
            ? { ...BARE, names: texts, evidence: ['dns'], candidates: texts }
            : { ...BARE, candidates: texts };
        for (const text of [labelText(endpointLabel(endpoint)), endpointText(endpoint)]) {
          assert.ok(!texts.some((one) => text.includes(one)), text);
        }
      }),
    );
  });
});
