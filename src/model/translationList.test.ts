import assert from 'node:assert/strict';
import { translationList } from './translationList.ts';

describe('list of translations', () => {
  const ends = {
    protocol: 'tcp',
    client: { address: '10.244.1.5', port: 40_000 },
    server: { address: 'fd00::6', port: 8080 },
    asked: { address: 'fd00:96::a', port: 80 },
    translated: { address: '172.31.0.2', port: 60_000 },
    masqueraded: true,
  } as const;

  it('says what became of each end, and nothing of one that stayed what it was', () => {
    assert.deepEqual(translationList(ends), [
      { kind: 'dnat', from: '[fd00:96::a]:80', to: '[fd00::6]:8080' },
      { kind: 'masquerade', from: '10.244.1.5:40000', to: '172.31.0.2:60000' },
    ]);
    assert.deepEqual(translationList({ ...ends, asked: null, masqueraded: false }), [
      { kind: 'snat', from: '10.244.1.5:40000', to: '172.31.0.2:60000' },
    ]);
    assert.deepEqual(translationList({ ...ends, asked: null, translated: null }), []);
  });

  it('has no ports where there are none', () => {
    assert.deepEqual(translationList({ ...ends, protocol: 'icmp', translated: null }), [
      { kind: 'dnat', from: 'fd00:96::a', to: 'fd00::6' },
    ]);
  });
});
