import assert from 'node:assert/strict';
import { clockText } from './nodeClocks.ts';

describe('clocks of nodes', () => {
  it('say how far they are off, and in which direction where that is sure', () => {
    const text = (offset: number, uncertainty: number): string =>
      clockText({ node: 'node-a', offset, uncertainty });
    assert.equal(text(12.52, 1.5), '12.5 ms ahead ± 1.5 ms');
    assert.equal(text(-60_000, 2), '60000 ms behind ± 2 ms');
    assert.equal(text(-0.5, 1), '0.5 ms ± 1 ms');
  });
});
