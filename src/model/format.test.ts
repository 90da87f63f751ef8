import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  formatAge,
  formatBytes,
  formatDuration,
  formatMicroseconds,
  formatRate,
  formatShare,
} from './format.ts';
import { formatSocketAddress } from './socketAddress.ts';

describe('format', () => {
  it('writes bytes with the unit that gives two to three digits', () => {
    const cases: [number, string][] = [
      [0, '0 B'],
      [999, '999 B'],
      [1000, '1.0 kB'],
      [9949, '9.9 kB'],
      [9951, '10 kB'],
      [999_499, '999 kB'],
      [999_500, '1.0 MB'],
      [1e6, '1.0 MB'],
      [2.5e9, '2.5 GB'],
      [3e18, '3000 PB'],
    ];
    for (const [bytes, text] of cases) assert.equal(formatBytes(bytes), text);
  });

  it('never writes a byte figure of more than three digits below the largest unit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9e14 }), (bytes) => {
        assert.match(formatBytes(bytes), /^(\d{1,3}|\d\.\d) [kMGT]?B$/);
      }),
    );
  });

  it('writes a dash for a rate of nothing', () => {
    assert.equal(formatRate(0), '–');
    assert.equal(formatRate(1500), '1.5 kB/s');
  });

  it('writes durations, ages, times and shares', () => {
    assert.deepEqual([0, 850, 2400, 59_999, 200_000, 7_500_000, 273_600_000].map(formatDuration), [
      '0 ms',
      '850 ms',
      '2.4 s',
      '59 s',
      '3m 20s',
      '2h 5m',
      '3d 4h',
    ]);
    assert.deepEqual(
      [9_000, 5_000, 0].map((time) => formatAge(time, 10_000)),
      ['now', '5s ago', '10s ago'],
    );
    assert.deepEqual([85, 420, 12_000, 1_300_000].map(formatMicroseconds), [
      '85 µs',
      '0.42 ms',
      '12 ms',
      '1.3 s',
    ]);
    assert.deepEqual([0, 0.014, 0.27].map(formatShare), ['0 %', '1.4 %', '27 %']);
  });

  it('puts IPv6 addresses in brackets before a port', () => {
    assert.equal(formatSocketAddress('fd00::1', 80), '[fd00::1]:80');
    assert.equal(formatSocketAddress('10.0.0.1', 80), '10.0.0.1:80');
  });
});
