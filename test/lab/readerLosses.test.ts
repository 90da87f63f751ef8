/** Losses that only somebody who reads from a serving agent can force: each in its cell alone, and the sums hold. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { buildFrameSender, sendFramesOnCpu } from '../../agent/native/test/frames.ts';
import { connect, Received } from '../../agent/src/server/testClient.fixture.ts';
import type { TestClient } from '../../agent/src/server/testClient.fixture.ts';
import type { StreamFlowsResponse } from '../../src/model/wire/generated/vethscope_pb.js';
import { FLOW } from '../../src/model/flowRecord.ts';
import type { Ledger } from '../../src/model/ledger.ts';
import { delay, until } from './commands.ts';
import { Lab } from './lab.ts';
import { assertPointsAddUp, lossCells } from './lossCells.ts';
import { flows, resets } from './lossFrames.ts';
import { UPLINK } from './plan.ts';
import { ledgerOf, portOf, serveArguments, TOKEN } from './servedAgent.ts';
import { PacketCounters } from './truth/packetCounters.ts';

const LEDGER_READER = fileURLToPath(new URL('programs/ledgerReader.ts', import.meta.url));
const FLOWS = 3000;
const ROUNDS = 8;
/** Longer than two drains are apart, milliseconds. */
const LEDGER_INTERVAL = 1500;

describe('losses that a reader forces', function () {
  this.timeout(60_000);
  let lab: Lab;

  before(async () => {
    buildFrameSender();
    lab = await Lab.build();
    await lab.settle();
  });

  after(async () => {
    await lab.close();
  });

  it('updates that a stalled reader misses, and no total', async () => {
    const args = serveArguments(lab, ['--interface', UPLINK, '--interval', '200']);
    const agent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const received = new Received();
    const client = connect(await portOf(agent), TOKEN);
    try {
      const stream = client.agent.streamFlows({})[Symbol.asyncIterator]();
      received.take(await next(stream));
      for (let round = 0; round < ROUNDS; round += 1) {
        await sendFramesOnCpu(0, { name: lab.plan.node.netns }, UPLINK, flows(FLOWS));
        await delay(250);
      }
      const arrived = (): number => received.total(FLOW.sentPackets);
      while (arrived() < ROUNDS * FLOWS) received.take(await next(stream));
      const ledger = await ledgerOf(client);
      assert.equal(arrived(), ROUNDS * FLOWS);
      assert.equal(ledger.counted, ROUNDS * FLOWS);
      assert.ok(received.skipped > FLOWS, `${received.skipped} updates were missed`);
      assert.deepEqual(lossCells(ledger), { queueDropped: received.skipped });
      assertPointsAddUp(ledger);
    } finally {
      client.close();
      await stop(agent);
    }
  });

  it('ended flows that made room for others, before somebody who was away came back', async () => {
    const [rows, ended, others] = [200, 150, 120];
    const forgotten = ended + others - rows;
    const args = serveArguments(lab, [
      '--interface',
      UPLINK,
      '--max-flows',
      String(rows),
      '--map-memory',
      '8M',
    ]);
    const agent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const client = connect(await portOf(agent), TOKEN);
    const stopped = new AbortController();
    const all = new Received();
    const reading = follow(client, all, stopped.signal, 0n);
    try {
      await sendFramesOnCpu(0, { name: lab.plan.node.netns }, UPLINK, flows(1));
      const away = await until('a tick', 20, () => (all.sequence > 0 ? all.sequence : null));
      await sendFramesOnCpu(0, { name: lab.plan.node.netns }, UPLINK, resets(ended));
      await until('the flows to end', 30, () => (all.ended.size === ended ? true : null));
      await sendFramesOnCpu(0, { name: lab.plan.node.netns }, UPLINK, flows(others));
      await until('the other flows', 20, () => (all.records.size === ended + others ? true : null));
      assert.deepEqual(lossCells(await ledgerOf(client)), {}, 'who read all the time missed nothing');

      const back = new Received();
      const resumed = follow(client, back, stopped.signal, BigInt(away));
      await until('what is left', 20, () => (back.records.size === rows ? true : null));
      assert.equal(back.skipped, forgotten);
      const ledger = await ledgerOf(client);
      assert.deepEqual(lossCells(ledger), { streamGap: forgotten });
      assertPointsAddUp(ledger);
      stopped.abort();
      await resumed;
    } finally {
      stopped.abort();
      await reading;
      client.close();
      await stop(agent);
    }
  });

  it('packets of the agent’s own connection', async () => {
    const { node } = lab.plan;
    const agent = lab.spawn(lab.nodePlace, process.execPath, serveArguments(lab, ['--interface', 'lo']));
    let reader: ChildProcess | undefined;
    try {
      const port = await portOf(agent);
      const counters = new PacketCounters(node.netns, 'own', ['lo'], {
        own: `tcp sport ${port}`,
        to: `tcp dport ${port}`,
      });
      const packets = (): number => {
        const counts = counters.read();
        const both = (rule: string): number =>
          counts.of(rule, 'lo', 'ingress').packets + counts.of(rule, 'lo', 'egress').packets;
        return both('own') + both('to');
      };
      reader = lab.spawn(lab.nodePlace, process.execPath, [
        LEDGER_READER,
        String(port),
        TOKEN,
        String(LEDGER_INTERVAL),
      ]);
      assert.ok(reader.stdout);
      let latest: Ledger | undefined;
      createInterface({ input: reader.stdout }).on('line', (line) => (latest = JSON.parse(line) as Ledger));
      await until('a first ledger', 20, () => latest ?? null);
      // What comes before a ledger and after the last drain is in no flow yet: there is none while nobody sends.
      await delay(300);
      const before = packets();
      latest = undefined;
      const ledger = await until('a ledger', 20, () => latest ?? null);
      const after = packets();
      assert.ok(before > 0);
      assert.ok(ledger.own >= before && ledger.own <= after, `${before} to ${after}, own ${ledger.own}`);
      assert.equal(ledger.own, ledger.counted);
      assert.deepEqual(lossCells(ledger), { own: ledger.own });
      assertPointsAddUp(ledger);
      counters.close();
    } finally {
      if (reader !== undefined) await stop(reader);
      await stop(agent);
    }
  });
});

async function follow(
  { agent }: TestClient,
  received: Received,
  stopped: AbortSignal,
  afterSequence: bigint,
): Promise<void> {
  try {
    for await (const message of agent.streamFlows({ afterSequence }, { signal: stopped })) {
      received.take(message);
    }
  } catch (error) {
    if (!stopped.aborted) throw error;
  }
}

async function next(stream: AsyncIterator<StreamFlowsResponse>): Promise<StreamFlowsResponse> {
  const result = await stream.next();
  if (result.done === true) throw new Error('the stream ended');
  return result.value;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGINT');
  await once(child, 'exit');
}
