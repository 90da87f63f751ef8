import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { FLOW } from '../../../src/model/flowRecord.ts';
import { connect, Received } from './testClient.fixture.ts';
import { TOKEN } from './testNode.fixture.ts';

/** How long the reader stops; the figure of the documentation is taken with 60. */
const SECONDS = Number(process.env.VETHSCOPE_STALL_SECONDS ?? 6);
const FLOWS = 10_000;
const INTERVAL = 250;
/** A queue of the updates would take 10,000 x 256 bytes x 4 a second: over 60 MB in the default time. */
const GROWTH = 24 << 20;

const FIXTURE = fileURLToPath(new URL('./stalledReader.fixture.ts', import.meta.url));

describe('a reader that stalls', () => {
  it('costs the agent no memory, misses updates that are counted, and then gets every total', async function () {
    this.timeout((SECONDS + 30) * 1000);
    const server = spawn(process.execPath, [FIXTURE, String(FLOWS), String(INTERVAL)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const memory: number[] = [];
    let port = 0;
    createInterface({ input: server.stdout }).on('line', (line) => {
      const report = JSON.parse(line) as { port?: number; rss?: number };
      port = report.port ?? port;
      if (report.rss !== undefined) memory.push(report.rss);
    });
    while (port === 0) await sleep(20);
    const client = connect(port, TOKEN);
    try {
      const received = new Received();
      const stream = client.agent.streamFlows({})[Symbol.asyncIterator]();
      // Reads for a while first, so that what any reader costs is there before the stall.
      const until = Date.now() + 2000;
      while (Date.now() < until) received.take(await next(stream));
      const before = Math.max(...memory.slice(-5));
      const skippedBefore = received.skipped;
      await sleep(SECONDS * 1000);
      const after = Math.max(...memory.slice(-5));
      // Catches up: some of what comes first was on its way when it stopped.
      const caughtUp = Date.now() + 3000;
      while (Date.now() < caughtUp) received.take(await next(stream));
      const growth = ((after - before) / 1e6).toFixed(1);
      console.log(
        `      ${SECONDS} s stalled: ${(before / 1e6).toFixed(0)} MB before, ${growth} MB more after`,
      );
      assert.ok(after - before < GROWTH, `memory grew by ${growth} MB`);
      const missed = received.skipped - skippedBefore;
      const possible = (SECONDS * 1000 * FLOWS) / INTERVAL;
      assert.ok(missed > possible / 4, `${missed} updates were missed of some ${possible}`);
      assert.equal(received.records.size, FLOWS);
      const packets = [...received.records.values()].map((record) =>
        record.getFloat64(FLOW.sentPackets, true),
      );
      assert.ok(
        Math.min(...packets) > (SECONDS * 1000) / INTERVAL / 2,
        'totals of before the stall were left',
      );
    } finally {
      client.close();
      server.kill();
      await once(server, 'exit');
    }
  });
});

async function next<T>(stream: AsyncIterator<T>): Promise<T> {
  const result = await stream.next();
  if (result.done === true) throw new Error('the stream ended');
  return result.value;
}
