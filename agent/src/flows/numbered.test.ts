import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Numbered } from './numbered.ts';

/** How many numbers are passed over, and which of those that are kept goes then, if any. */
const STEP = fc.record({ skipped: fc.nat(200), gone: fc.option(fc.nat()) });

describe('Numbered', () => {
  it('has what a map would have', () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 200 }), (steps) => {
        const [numbered, map] = [new Numbered<{ number: number }>(), new Map<number, { number: number }>()];
        let number = 0;
        for (const { skipped, gone } of steps) {
          number += 1 + skipped;
          const value = { number };
          numbered.add(number, value);
          map.set(number, value);
          const leaving = gone === null ? undefined : [...map.keys()][gone % map.size];
          if (leaving === undefined) continue;
          numbered.delete(leaving);
          map.delete(leaving);
        }
        assert.equal(numbered.size, map.size);
        for (let at = 0; at <= number + 1; at += 1) assert.equal(numbered.get(at), map.get(at));
      }),
    );
  });
});
