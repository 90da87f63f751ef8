import assert from 'node:assert/strict';
import fc from 'fast-check';
import { HEADER_ROW, nextPosition, rowsAround } from './gridNavigation.ts';

const EXTENT = { rows: 100, columns: 5, page: 10 };
const from = { row: 50, column: 2 };

describe('nextPosition', () => {
  it('follows the ARIA pattern for grids', () => {
    const cases: [string, boolean, number, number][] = [
      ['ArrowUp', false, 49, 2],
      ['ArrowDown', false, 51, 2],
      ['ArrowLeft', false, 50, 1],
      ['ArrowRight', false, 50, 3],
      ['PageUp', false, 40, 2],
      ['PageDown', false, 60, 2],
      ['Home', false, 50, 0],
      ['End', false, 50, 4],
      ['Home', true, 0, 0],
      ['End', true, 99, 4],
    ];
    for (const [key, control, row, column] of cases) {
      assert.deepEqual(nextPosition(from, key, control, EXTENT), { row, column }, key);
    }
    assert.equal(nextPosition(from, 'x', false, EXTENT), null);
  });

  it('reaches the headings by ArrowUp and not by PageUp', () => {
    const top = { row: 0, column: 0 };
    assert.equal(nextPosition(top, 'ArrowUp', false, EXTENT)?.row, HEADER_ROW);
    assert.equal(nextPosition({ row: 3, column: 0 }, 'PageUp', false, EXTENT)?.row, 0);
    assert.equal(nextPosition({ row: HEADER_ROW, column: 0 }, 'PageUp', false, EXTENT)?.row, HEADER_ROW);
  });

  it('never leaves the table, however small it is', () => {
    const keys = ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'PageUp', 'PageDown', 'Home', 'End'];
    const extent = fc.record({
      rows: fc.integer({ min: 0, max: 30 }),
      columns: fc.integer({ min: 1, max: 6 }),
      page: fc.integer({ min: 1, max: 20 }),
    });
    const moves = fc.array(fc.tuple(fc.constantFrom(...keys), fc.boolean()), { maxLength: 40 });
    fc.assert(
      fc.property(extent, moves, (size, pressed) => {
        let position = { row: HEADER_ROW, column: 0 };
        for (const [key, control] of pressed) {
          position = nextPosition(position, key, control, size) ?? position;
          assert.ok(position.row >= HEADER_ROW && position.row <= Math.max(HEADER_ROW, size.rows - 1));
          assert.ok(position.column >= 0 && position.column < size.columns);
        }
      }),
    );
  });
});

describe('rowsAround', () => {
  it('holds every row in sight, with one more screen on each side', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.integer({ min: 22, max: 2000 }),
        fc.integer({ min: 1, max: 50_000 }),
        (scrollTop, height, rows) => {
          const limited = Math.min(scrollTop, Math.max(0, rows * 22 - height));
          const { first, count } = rowsAround(limited, height, 22, rows);
          assert.ok(first <= Math.floor(limited / 22));
          assert.ok(first + count >= Math.min(rows, Math.ceil((limited + height) / 22)));
        },
      ),
    );
  });
});
