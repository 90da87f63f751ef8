import assert from 'node:assert/strict';
import type { Endpoint } from './endpoint.ts';
import { endpointText } from './endpoint.ts';

const OUTSIDE: Endpoint = {
  kind: 'external',
  namespace: null,
  name: null,
  uid: null,
  container: null,
  workload: null,
  node: null,
  address: '169.254.169.254',
  names: [],
  evidence: ['none'],
  candidates: [],
};

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
