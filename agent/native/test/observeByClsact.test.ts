import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import type { Ledger } from '../../../src/model/ledger.ts';
import { filters, snapshot } from './trafficControl.ts';
import { datagrams } from './traffic.ts';
import { VethPair } from './vethPair.ts';
import type { End } from './vethPair.ts';

const main = resolve(import.meta.dirname, '../../src/main.ts');
const PACKETS = 300;

interface Line {
  protocol?: string;
  server?: { port: number };
  sent?: { packets: number; bytes: number };
  ledger?: Ledger;
}

async function attached(end: End, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    assert.equal(child.exitCode, null, 'the agent ended before it had attached');
    if (filters(end, 'ingress').length > 0 && filters(end, 'egress').length > 0) return;
    await setTimeout(50);
  }
  throw new Error('the agent did not attach within 20 s');
}

describe('vethscope-agent observe --attach clsact', function () {
  this.timeout(60_000);
  let pair: VethPair;

  before(() => {
    pair = new VethPair();
  });

  after(() => {
    pair.remove();
  });

  it('counts what was sent, keeps to the memory given, and leaves no filter', async () => {
    const { left, right } = pair;
    const options = ['--attach', 'clsact', '--map-memory', '8M', '--output', 'jsonl', '--final', '--ledger'];
    const child = spawn(process.execPath, [main, 'observe', '--netns', right.path, ...options], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    try {
      await attached(right, child);
      datagrams(left, right.ipv4, 4001, PACKETS, 50);
    } finally {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'close');
    }

    const lines = Buffer.concat(chunks).toString().trim().split('\n');
    const output = lines.map((line) => JSON.parse(line) as Line);
    const flow = output.find(({ protocol, server }) => protocol === 'udp' && server?.port === 4001);
    // Ethernet, IPv4 and UDP headers before the 50 bytes.
    assert.deepEqual(flow?.sent, { packets: PACKETS, bytes: PACKETS * (14 + 20 + 8 + 50) });
    const ledger = output.at(-1)?.ledger;
    assert(ledger);
    assert(ledger.seen >= PACKETS);
    const unparsed = Object.values(ledger.unparsed).reduce((sum, packets) => sum + packets, 0);
    assert.equal(ledger.counted + unparsed, ledger.seen);
    // 8 MB are two halves of entries of 440 bytes, and their 16384 buckets of 16.
    const entries = ((8 << 20) / 2 - 16384 * 16) / 440;
    const capacity = ledger.cost?.mapCapacity ?? 0;
    assert(capacity <= entries && capacity > 0.99 * entries, `${capacity} entries`);
    const { ingress, egress } = snapshot(right);
    assert.equal(ingress + egress, '');
  });
});
