import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ClockMeter } from './clockMeter.ts';

/** Adds an answer of a clock that is ahead, read after the first part of the round trip. */
function ask(meter: ClockMeter, at: number, ahead: number, there: number, back: number): void {
  meter.add(at, at + there + back, at + there + ahead);
}

describe('ClockMeter', () => {
  it('takes their time as read halfway between question and answer', () => {
    const meter = new ClockMeter();
    ask(meter, 1000, 250, 10, 10);
    assert.deepEqual(meter.offset, { offset: 250, uncertainty: 11, at: 1020 });
  });

  it('keeps the sample with the least round trip, until that is old', () => {
    const meter = new ClockMeter();
    ask(meter, 1000, 0, 2, 1);
    ask(meter, 4000, 0, 90, 1);
    assert.equal(meter.offset?.uncertainty, 2.5);
    // Drifted by 3 ms in 300 s, as a bad crystal may.
    ask(meter, 301_000, 3, 3, 3);
    assert.deepEqual([meter.offset.offset, meter.offset.uncertainty], [3, 4]);
  });

  it('follows a clock that is set', () => {
    const meter = new ClockMeter();
    ask(meter, 1000, 5, 1, 1);
    ask(meter, 4000, -60_000, 20, 20);
    assert.equal(meter.offset?.offset, -60_000);
  });

  it('is never wrong by more than it says, whatever the ways there and back take', () => {
    const way = fc.double({ min: 0, max: 500, noNaN: true });
    const ahead = fc.double({ min: -1e7, max: 1e7, noNaN: true });
    fc.assert(
      fc.property(ahead, fc.array(fc.tuple(way, way), { minLength: 1, maxLength: 20 }), (offset, ways) => {
        const meter = new ClockMeter();
        ways.forEach(([there, back], index) => ask(meter, index * 3000, offset, there, back));
        assert.ok(meter.offset);
        assert.ok(Math.abs(meter.offset.offset - offset) <= meter.offset.uncertainty + 1e-6);
      }),
    );
  });
});
