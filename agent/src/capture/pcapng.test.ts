import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { CapturedPacket } from './pcapng.ts';
import {
  interfaceBlock,
  LINK_TYPE,
  packetBlockBytes,
  sectionBlock,
  statisticsBlock,
  writePacketBlock,
} from './pcapng.ts';
import { skipWithout } from '../skip.fixture.ts';

interface Block {
  readonly type: number;
  readonly body: Buffer;
}

/** A reader of its own, by the format's text. */
function readBlocks(file: Buffer): Block[] {
  const blocks: Block[] = [];
  for (let at = 0; at < file.length;) {
    const length = file.readUInt32LE(at + 4);
    assert.equal(length % 4, 0);
    assert.equal(file.readUInt32LE(at + length - 4), length);
    blocks.push({ type: file.readUInt32LE(at), body: file.subarray(at + 8, at + length - 4) });
    at += length;
  }
  return blocks;
}

function readOptions(bytes: Buffer): Map<number, Buffer> {
  const options = new Map<number, Buffer>();
  for (let at = 0; ;) {
    const [code, length] = [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2)];
    if (code === 0) {
      assert.equal(at + 4, bytes.length);
      return options;
    }
    options.set(code, bytes.subarray(at + 4, at + 4 + length));
    at += 4 + Math.ceil(length / 4) * 4;
  }
}

function readPacket(body: Buffer): CapturedPacket {
  const captured = body.readUInt32LE(12);
  const options = readOptions(body.subarray(20 + Math.ceil(captured / 4) * 4));
  return {
    interface: body.readUInt32LE(0),
    time: (BigInt(body.readUInt32LE(4)) << 32n) | BigInt(body.readUInt32LE(8)),
    outbound: (options.get(2)?.readUInt32LE() ?? 0) === 2,
    length: body.readUInt32LE(16),
    data: Uint8Array.from(body.subarray(20, 20 + captured)),
  };
}

function packetBlocks(packets: readonly CapturedPacket[]): Buffer {
  const bytes = packets.reduce((sum, { data }) => sum + packetBlockBytes(data.length), 0);
  // Old content must not show through the padding.
  const blocks = Buffer.alloc(bytes, 0xff);
  const end = packets.reduce((offset, packet) => writePacketBlock(blocks, offset, packet), 0);
  assert.equal(end, bytes);
  return blocks;
}

const packet = fc
  .record({
    interface: fc.integer({ min: 0, max: 2 }),
    time: fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }),
    outbound: fc.boolean(),
    data: fc.uint8Array({ minLength: 1, maxLength: 200 }),
    cut: fc.integer({ min: 0, max: 3000 }),
  })
  .map(({ cut, data, ...rest }) => ({ ...rest, data: Uint8Array.from(data), length: data.length + cut }));

describe('pcapng', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.array(packet), (packets) => {
        const read = readBlocks(packetBlocks(packets));
        assert.ok(read.every(({ type }) => type === 6));
        assert.deepEqual(
          read.map(({ body }) => readPacket(body)),
          packets,
        );
      }),
    );
  });

  it('names its interfaces and ends with their statistics', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.nat(), fc.nat(), (name, received, dropped) => {
        const file = Buffer.concat([
          sectionBlock('us'),
          interfaceBlock(name, LINK_TYPE.raw, 96),
          statisticsBlock(0, 1n << 33n, received, dropped),
        ]);
        const [section, link, statistics] = readBlocks(file);
        assert.ok(section && link && statistics);
        assert.equal(section.type, 0x0a0d0d0a);
        assert.equal(readOptions(section.body.subarray(16)).get(4)?.toString(), 'us');
        assert.deepEqual([link.type, link.body.readUInt16LE(0), link.body.readUInt32LE(4)], [1, 101, 96]);
        const options = readOptions(link.body.subarray(8));
        assert.deepEqual(
          [options.get(2)?.toString(), options.get(9)?.[0]],
          [Buffer.from(name).toString(), 9],
        );
        const counts = readOptions(statistics.body.subarray(12));
        assert.deepEqual(
          [statistics.type, counts.get(4)?.readBigUInt64LE(), counts.get(5)?.readBigUInt64LE()],
          [5, BigInt(received), BigInt(dropped)],
        );
      }),
    );
  });

  it('is what tshark reads', function () {
    this.timeout(30_000);
    const data = Uint8Array.from({ length: 61 }, (_, index) => index);
    const time = 1_790_000_000_123_456_789n;
    const packets = [
      { interface: 0, time, outbound: true, length: 1500, data },
      { interface: 1, time: time + 1n, outbound: false, length: 61, data },
    ];
    const file = Buffer.concat([
      sectionBlock('us'),
      interfaceBlock('node-a/1/eth0', LINK_TYPE.ethernet, 61),
      interfaceBlock('node-a/1/tun0', LINK_TYPE.raw, 61),
      packetBlocks(packets),
      statisticsBlock(0, time, 1, 0),
      statisticsBlock(1, time, 1, 0),
    ]);
    const fields = [
      'frame.interface_name',
      'frame.time_epoch',
      'frame.len',
      'frame.cap_len',
      'frame.encap_type',
    ];
    const folder = mkdtempSync(join(tmpdir(), 'vethscope-pcapng-'));
    const path = join(folder, 'two.pcapng');
    writeFileSync(path, file);
    const args = ['-n', '-r', path, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])];
    const ended = spawnSync('tshark', args, { encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    // tshark is no part of a plain checkout; the lab's packages bring it.
    if (ended.error) skipWithout(this, 'tshark');
    assert.equal(ended.status, 0, ended.stderr);
    assert.deepEqual(ended.stdout.trim().split('\n'), [
      'node-a/1/eth0\t1790000000.123456789\t1500\t61\t1',
      'node-a/1/tun0\t1790000000.123456790\t61\t61\t7',
    ]);
  });
});
