/** `observe --samples`: one packet of each cause that was not parsed, with the bytes that were sent and that tshark captured. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  buildFrameSender,
  ethernet,
  extension,
  ipv4,
  ipv6,
  sendFrames,
  udp,
} from '../../agent/native/test/frames.ts';
import { VethPair } from '../../agent/native/test/vethPair.ts';
import type { UnparsedCause } from '../../src/model/ledger.ts';
import { UNPARSED_CAUSES } from '../../src/model/ledger.ts';
import { delay, run, until } from './commands.ts';
import { agent, Observation } from './observe.ts';
import type { Observed } from './observe.ts';

const UDP = 17;
const DESTINATION_OPTIONS = 60;
/** One more than the kernel program walks. */
const EXTENSION_HEADERS = 7;
const SAMPLE_BYTES = 64;
const TIMES = 3;
/** Longer than an agent waits to read its events, and tshark for a block to fill. */
const SETTLE = 1500;

/** A frame of each cause that says by its filling which one it is; longer than a sample, where it can be. */
const FRAMES: Readonly<Record<UnparsedCause, (filling: number) => Buffer>> = {
  arp: (filling) => ethernet(0x0806, Buffer.alloc(46, filling)),
  'not-ip': (filling) => ethernet(0x88cc, Buffer.alloc(100, filling)),
  truncated: (filling) => ethernet(0x0800, Buffer.alloc(10, filling)),
  'vlan-depth': (filling) =>
    ethernet(0x0800, ipv4(udp(filling, 2, 80), { protocol: UDP }), [0x88a8, 0x8100, 0x8100]),
  'extension-header': (filling) => ethernet(0x86dd, ipv6(DESTINATION_OPTIONS, extensions(filling))),
  'bad-header': (filling) => ethernet(0x0800, ipv4(udp(filling, 2, 80), { protocol: UDP, headerWords: 4 })),
};

function extensions(filling: number): Buffer {
  const headers = Array.from({ length: EXTENSION_HEADERS }, () => extension(DESTINATION_OPTIONS));
  return Buffer.concat([...headers, Buffer.alloc(40, filling)]);
}

/** Every cause twice, in turn: only the first of each is to be sampled. */
const SENT = [1, 2].flatMap((filling) => UNPARSED_CAUSES.map((cause) => FRAMES[cause](filling)));

describe('samples of what is not parsed', function () {
  this.timeout(90_000);
  let pair: VethPair;
  let folder: string;
  const running = new Set<ChildProcess>();

  before(() => {
    buildFrameSender();
    folder = mkdtempSync(join(tmpdir(), 'vethscope-samples-'));
    writeFileSync(join(folder, 'inventory.json'), '{"kind": "List", "items": []}');
    pair = new VethPair();
  });

  after(() => {
    for (const child of running) child.kill('SIGKILL');
    pair.remove();
    rmSync(folder, { recursive: true });
  });

  async function observed(options: readonly string[]): Promise<Observed> {
    const place = { plan: { node: { netns: pair.left.name } }, inventory: join(folder, 'inventory.json') };
    const observation = await Observation.start(place, 60, undefined, options);
    sendFrames(pair.left, SENT, 'plain', TIMES);
    await delay(SETTLE);
    return observation.interrupt();
  }

  it('are one a cause, the first, with the bytes that tshark captured', async () => {
    const file = join(folder, 'frames.pcapng');
    const tshark = spawnTshark(pair.left.name, file);
    running.add(tshark);
    await capturing(tshark);
    const { samples, ledger } = await observed(['--samples']);
    const captured = await framesOf(tshark, file);
    assert.deepEqual(
      captured,
      SENT.flatMap((frame) => Array.from({ length: TIMES }, () => frame.toString('hex'))),
    );
    assert.deepEqual(
      samples.map(({ cause, bytes, length }) => ({ cause, bytes, length })),
      UNPARSED_CAUSES.map((cause, index) => {
        const frame = captured[index * TIMES] ?? '';
        return { cause, bytes: frame.slice(0, 2 * SAMPLE_BYTES), length: frame.length / 2 };
      }),
    );
    for (const { interface: name, ifindex, netns, point, time } of samples) {
      assert.deepEqual(
        { name, ifindex, netns },
        {
          name: pair.left.name,
          ifindex: pair.left.ifindex,
          netns: statSync(pair.left.path).ino,
        },
      );
      assert.match(point, /^(from|to)-/);
      assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000, time);
    }
    assert.deepEqual(ledger.unparsed, Object.fromEntries(UNPARSED_CAUSES.map((cause) => [cause, 2 * TIMES])));
  });

  it('are not taken unless asked for', async () => {
    const { samples, ledger } = await observed([]);
    assert.deepEqual(samples, []);
    assert.equal(ledger.unparsed.truncated, 2 * TIMES);
    assert.equal(ledger.suppressed.sample ?? 0, 0);
  });

  it('are a line of the table with bytes in groups', async () => {
    const table = runTable();
    running.add(table.child);
    const frame = FRAMES['not-ip'](7);
    await until('a sample in the table', 30, async () => {
      sendFrames(pair.left, [frame]);
      await delay(200);
      return table.output().includes('sample not-ip') ? true : null;
    });
    table.child.kill('SIGINT');
    await once(table.child, 'close');
    const [line = '', ...others] = table
      .output()
      .split('\n')
      .filter((one) => one.includes(' sample '));
    assert.deepEqual(others, []);
    assert.ok(line.includes(`at ${pair.left.name} `), line);
    const groups = line.slice(line.indexOf('bytes: ') + 7).split(' ');
    assert.equal(groups.join(''), frame.subarray(0, SAMPLE_BYTES).toString('hex'));
    assert.ok(groups.every((group) => group.length === 4));
  });

  it('are said to hold payload where the option is explained', () => {
    const { output } = agent(['observe', '--help']);
    assert.match(output.replace(/\s+/g, ' '), /--samples .*payload.*not parsed/);
  });

  function runTable(): { child: ChildProcess; output: () => string } {
    const main = new URL('../../agent/src/main.ts', import.meta.url).pathname;
    const options = ['observe', '--netns', pair.left.name, '--samples', '--duration', '60'];
    const child = spawn(process.execPath, [main, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more));
    return { child, output: () => text };
  }
});

/** Captures our frames alone, in the namespace and on the interface of this name. */
function spawnTshark(name: string, file: string): ChildProcess {
  const capture = ['-n', '-p', '-i', name, '-f', 'ether src 02:00:00:00:00:01', '-w', file];
  return spawn('nsenter', [`--net=/run/netns/${name}`, '--', 'tshark', ...capture], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

async function capturing(tshark: ChildProcess): Promise<void> {
  let messages = '';
  tshark.stderr?.setEncoding('utf8').on('data', (text: string) => (messages += text));
  await until('tshark to capture', 20, () => (messages.includes('Capturing on') ? true : null));
  // It says so a little before its socket is open.
  await delay(1000);
}

/** Ends the capture; its frames in hexadecimal, in order. */
async function framesOf(tshark: ChildProcess, file: string): Promise<string[]> {
  await delay(SETTLE);
  const closed = once(tshark, 'close');
  tshark.kill('SIGINT');
  await closed;
  const read = JSON.parse(run('tshark', ['-n', '-r', file, '-T', 'json', '-x', '--no-duplicate-keys'])) as {
    _source: { layers: { frame_raw: [string, ...unknown[]] } };
  }[];
  return read.map(({ _source }) => _source.layers.frame_raw[0]);
}
