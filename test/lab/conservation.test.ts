/** A short run of `npm run soak`: every packet that the kernel counted is in the agent's account. */
import assert from 'node:assert/strict';
import { soakLab } from '../conservation/labSoak.ts';

describe('conservation', function () {
  this.timeout(300_000);

  for (const offloads of [true, false]) {
    it(`under mixed load while interfaces come and go, offloads ${offloads ? 'on' : 'off'}`, async () => {
      const { text, faults } = await soakLab({
        seconds: 20,
        offloads,
        perSecond: 100,
        burst: 20_000,
        interval: 100,
      });
      assert.deepEqual(faults, [], text);
      // What the account is about was there: a load that sends nothing would balance too.
      assert.match(text, /come and go [1-9]/);
    });
  }
});
