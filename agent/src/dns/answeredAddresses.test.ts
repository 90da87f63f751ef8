import assert from 'node:assert/strict';
import type { Answer } from 'dns-packet';
import fc from 'fast-check';
import { answeredAddresses } from './answeredAddresses.ts';

const alias = (name: string, data: string, ttl = 60): Answer => ({ type: 'CNAME', name, data, ttl });
const a = (name: string, data: string, ttl = 60): Answer => ({ type: 'A', name, data, ttl });

describe('answeredAddresses', () => {
  it('follows aliases from the asked name, in any order, and takes the shortest time to live of the way', () => {
    const records = [
      alias('www.shop.test', 'cdn.test', 300),
      alias('CDN.test', 'edge.test', 20),
      a('edge.test', '192.0.2.1', 60),
      { type: 'AAAA', name: 'Edge.Test', data: '2001:DB8:0::1', ttl: 10 } as const,
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(records, { minLength: records.length }), (shuffled) => {
        const found = answeredAddresses('WWW.shop.test', shuffled);
        assert.deepEqual(
          found.sort((one, other) => one.ttl - other.ttl),
          [
            { address: '2001:db8::1', ttl: 10 },
            { address: '192.0.2.1', ttl: 20 },
          ],
        );
      }),
    );
  });

  it('takes nothing of names that were not asked for', () => {
    const records = [
      a('bank.test', '192.0.2.1'),
      alias('other.test', 'evil.test'),
      a('evil.test', '192.0.2.2'),
    ];
    assert.deepEqual(answeredAddresses('evil.example', records), []);
  });

  it('ends where aliases go round, and reads a time to live beyond 31 bits as none', () => {
    const round = [
      alias('a.test', 'b.test'),
      alias('b.test', 'a.test'),
      a('b.test', '192.0.2.1', 0x80000000),
    ];
    assert.deepEqual(answeredAddresses('a.test', round), [{ address: '192.0.2.1', ttl: 0 }]);
  });
});
