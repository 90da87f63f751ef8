import assert from 'node:assert/strict';
import { captureFilterText, parseCaptureFilter } from './captureFilter.ts';

const EVERYTHING = { addresses: [], ports: [], protocols: [] };

describe('the filter of a capture', () => {
  it('is read from words and said in words', () => {
    const filter = parseCaptureFilter(' TCP udp, 53 10.244.1.0/24 fd00::1 ');
    assert.deepEqual(filter, { addresses: ['10.244.1.0/24', 'fd00::1'], ports: [53], protocols: [6, 17] });
    assert.ok(typeof filter !== 'string');
    assert.equal(captureFilterText(filter), 'tcp or udp, port 53, 10.244.1.0/24 or fd00::1');
  });

  it('is everything where nothing is written', () => {
    assert.deepEqual(parseCaptureFilter('  '), EVERYTHING);
    assert.equal(captureFilterText(EVERYTHING), '');
  });

  it('names the word that it cannot read', () => {
    for (const word of ['htp', '65536', '10.1', '10.0.0.1/33', '10.0.0.256', 'port', 'constructor']) {
      assert.equal(parseCaptureFilter(`tcp ${word}`), `“${word}” is no protocol, port or address`);
    }
  });
});
