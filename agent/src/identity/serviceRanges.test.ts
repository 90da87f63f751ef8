import assert from 'node:assert/strict';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { serviceRanges } from './serviceRanges.ts';

describe('serviceRanges', () => {
  it('holds all addresses in use and nothing beyond the range that they are of', () => {
    const range = { first: ipaddr.IPv4.parse('10.96.0.0').toByteArray(), prefix: 12 };
    const host = fc.integer({ min: 1, max: (1 << 20) - 2 });
    fc.assert(
      fc.property(fc.array(host, { minLength: 1, maxLength: 20 }), (hosts) => {
        const addresses = hosts.map((offset) => {
          const [a, b, c, d] = range.first as [number, number, number, number];
          return [a, b | (offset >> 16), c | ((offset >> 8) & 0xff), d | (offset & 0xff)].join('.');
        });
        const [found, ...others] = serviceRanges(addresses);
        const parsed = ipaddr.IPv4.parseCIDR(found ?? '');
        assert.deepEqual(others, []);
        assert.ok(addresses.every((address) => ipaddr.IPv4.parse(address).match(parsed)));
        assert.ok(parsed[1] >= range.prefix);
        assert.ok(parsed[0].match(ipaddr.IPv4.parseCIDR('10.96.0.0/12')));
      }),
    );
  });

  it('has one of each family, and none around addresses of several ranges', () => {
    const six = ['fd00:96::1', 'fd00:96::ff'];
    assert.deepEqual(serviceRanges(['None', '10.96.0.1', '10.96.0.10', ...six]), [
      '10.96.0.1/28',
      'fd00:96::1/120',
    ]);
    assert.deepEqual(serviceRanges(['10.96.0.1', '172.20.0.1']), []);
    assert.deepEqual(serviceRanges([]), []);
  });
});
