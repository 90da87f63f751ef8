import assert from 'node:assert/strict';
import { layoutColumns } from './columnWidths.ts';

const COLUMNS = [
  { grow: 3, width: 100, minimum: 50 },
  { grow: 1, width: 100, minimum: 50 },
  { grow: 0, width: 60, minimum: 40 },
];

describe('layoutColumns', () => {
  it('shares what is left among the columns that grow', () => {
    assert.deepEqual(layoutColumns(COLUMNS, [], 300), [130, 110, 60]);
  });

  it('keeps the width a person gave, and never goes below the minimum', () => {
    assert.deepEqual(layoutColumns(COLUMNS, [200, undefined, 10], 400), [200, 160, 40]);
  });

  it('overflows rather than squeezing', () => {
    assert.deepEqual(layoutColumns(COLUMNS, [], 100), [100, 100, 60]);
  });
});
