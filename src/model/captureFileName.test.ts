import assert from 'node:assert/strict';
import { captureFileName } from './captureFileName.ts';

describe('the name of a capture file', () => {
  it('says where and when, in characters that every file system takes', () => {
    const time = new Date(2026, 0, 2, 3, 4, 5);
    assert.equal(captureFileName('node-a', 'eth0.100', time), 'node-a-eth0.100-20260102-030405.pcapng');
    assert.equal(
      captureFileName('this: one', 'shop/web-1', time),
      'this_one-shop_web-1-20260102-030405.pcapng',
    );
  });
});
