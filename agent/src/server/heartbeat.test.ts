import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Heartbeat } from './heartbeat.ts';

describe('heartbeat', () => {
  it('is lost once, after its time, and not while beats come', async () => {
    const lost: string[] = [];
    const heartbeat = new Heartbeat({ lost: 0.1, first: 10 }, (message) => lost.push(message));
    for (let beat = 0; beat < 5; beat += 1) {
      heartbeat.beat();
      await sleep(40);
    }
    assert.deepEqual(lost, []);
    await sleep(150);
    assert.deepEqual(lost, ['no heartbeat for 0.1 s']);
  });

  it('gives up when no client ever comes', async () => {
    const lost: string[] = [];
    const heartbeat = new Heartbeat({ lost: 10, first: 0.05 }, (message) => lost.push(message));
    await sleep(120);
    heartbeat.stop();
    assert.deepEqual(lost, ['no client came within 0.05 s']);
  });
});
