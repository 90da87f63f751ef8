import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Endpoint, EndpointKind, Evidence } from '../../src/model/endpoint.ts';
import { INITIATOR_EVIDENCE } from '../../src/model/flow.ts';
import { evidenceSentences, guessSentence } from './evidenceWords.ts';

const KINDS: readonly EndpointKind[] = ['pod', 'service', 'node', 'process', 'external', 'unknown'];
const EVIDENCE: readonly Evidence[] = [
  'cgroup',
  'socket',
  'listener',
  'process',
  'kernel',
  'veth',
  'pod-ip',
  'service-ip',
  'node-ip',
  'conntrack',
  'dns',
  'cilium-ip',
  'host-port',
  'none',
];

const POD: Endpoint = {
  kind: 'pod',
  namespace: 'shop',
  name: 'web-1',
  uid: null,
  container: 'server',
  workload: null,
  node: null,
  address: '10.244.1.3',
  names: [],
  evidence: [],
  candidates: [],
};

describe('evidenceSentences', () => {
  it('says what each evidence is of whom', () => {
    const evidence = ['cgroup', 'veth', 'pod-ip'] as const;
    assert.deepEqual(evidenceSentences({ ...POD, evidence }), [
      'Its packets came from a socket of this container.',
      'Its packets passed the veth of this pod.',
      'Kubernetes had given its address to this pod at that time.',
    ]);
    assert.deepEqual(evidenceSentences({ ...POD, container: null, evidence: ['cgroup'] }), [
      'Its packets came from a socket of this pod.',
    ]);
    assert.deepEqual(
      evidenceSentences({ ...POD, kind: 'process', container: null, evidence: ['socket', 'node-ip'] }),
      [
        'A socket of this process is connected as this flow is.',
        'Its address is one of the node, which others share; it alone would name nobody.',
      ],
    );
  });

  it('never claims an owner where there are candidates', () => {
    const open = { ...POD, name: null, container: null, candidates: ['shop/a', 'shop/b'] };
    for (const evidence of ['cgroup', 'listener', 'pod-ip'] as const) {
      const [sentence = ''] = evidenceSentences({ ...open, evidence: [evidence] });
      assert.ok(!/this (pod|container|process)/.test(sentence), sentence);
    }
  });

  it('is one short sentence for each, and never a name from the cluster', () => {
    const endpoint = fc.record({
      kind: fc.constantFrom(...KINDS),
      container: fc.constantFrom(null, 'HOSTILE'),
      name: fc.constantFrom(null, 'HOSTILE'),
      evidence: fc.subarray([...EVIDENCE]),
      names: fc.subarray(['HOSTILE', 'HOSTILE:80']),
      candidates: fc.subarray(['HOSTILE', 'HOSTILE/2']),
    });
    fc.assert(
      fc.property(endpoint, (parts) => {
        const sentences = evidenceSentences({ ...POD, ...parts });
        assert.equal(sentences.length, parts.evidence.length);
        for (const sentence of sentences) {
          assert.match(sentence, /^[A-Z][^.]{10,110}\.$/);
          assert.ok(!sentence.includes('HOSTILE'), sentence);
        }
      }),
    );
  });
});

describe('guessSentence', () => {
  it('gives each guess its own reason', () => {
    const sentences = INITIATOR_EVIDENCE.map(guessSentence);
    assert.equal(new Set(sentences).size, 4, 'the two that are no guesses have none');
    for (const sentence of sentences) assert.match(sentence, /is guessed, because .*\.$/);
  });
});
