import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';

import { run } from './vethPair.ts';
import type { End } from './vethPair.ts';

const source = resolve(import.meta.dirname, 'programs/sendFrames.c');
const folder = resolve(import.meta.dirname, '../../../.cache/native/test');
const program = resolve(folder, 'sendFrames');

/** Compiles the sender of raw frames. */
export function buildFrameSender(): void {
  mkdirSync(folder, { recursive: true });
  run('gcc', '-O1', '-Wall', '-Wextra', '-Werror', source, '-o', program);
}

/** Sends frames as they are, plain ones `times` times each. `ring` makes buffers whose headers are not in the linear part. */
export function sendFrames(from: End, frames: Buffer[], way: 'plain' | 'ring' = 'plain', times = 1): void {
  const input = frames.map((frame) => frame.toString('hex') + '\n').join('');
  execFileSync('ip', ['netns', 'exec', from.name, program, from.name, way, String(times)], { input });
}

/** Sends frames from one CPU, on any interface of the namespace. @param from a namespace by its name under /run/netns */
export async function sendFramesOnCpu(
  cpu: number,
  from: Pick<End, 'name'>,
  interfaceName: string,
  frames: Buffer[],
): Promise<void> {
  const child = spawn(
    'taskset',
    ['-c', String(cpu), 'ip', 'netns', 'exec', from.name, program, interfaceName, 'plain'],
    { stdio: ['pipe', 'inherit', 'inherit'] },
  );
  child.stdin.end(frames.map((frame) => frame.toString('hex') + '\n').join(''));
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`sendFrames ended with ${String(code)}`);
}

const ETHERNET_ADDRESSES = Buffer.from('020000000002020000000001', 'hex');

function numbers(...parts: [value: number, bytes: number][]): Buffer {
  const buffer = Buffer.alloc(parts.reduce((sum, [, bytes]) => sum + bytes, 0));
  let at = 0;
  for (const [value, bytes] of parts) at = buffer.writeUIntBE(value, at, bytes);
  return buffer;
}

/** @param tags TPIDs of the VLAN tags, outermost first */
export function ethernet(type: number, payload: Buffer, tags: number[] = []): Buffer {
  const tagBytes = tags.map((tpid, index) => numbers([tpid, 2], [100 + index, 2]));
  return Buffer.concat([ETHERNET_ADDRESSES, ...tagBytes, numbers([type, 2]), payload]);
}

interface Ipv4Fields {
  protocol: number;
  /** Padded to a multiple of four by the caller. */
  options?: Buffer;
  /** Flags and offset. */
  fragment?: number;
  tos?: number;
  headerWords?: number;
}

/** From 10.9.9.1 to 10.9.9.2. */
export function ipv4(payload: Buffer, fields: Ipv4Fields): Buffer {
  const options = fields.options ?? Buffer.alloc(0);
  const words = fields.headerWords ?? 5 + options.length / 4;
  const header = numbers(
    [0x40 | words, 1],
    [fields.tos ?? 0, 1],
    [20 + options.length + payload.length, 2],
    [7, 2],
    [fields.fragment ?? 0, 2],
    [64, 1],
    [fields.protocol, 1],
    [0, 2],
    [0x0a090901, 4],
    [0x0a090902, 4],
  );
  return Buffer.concat([header, options, payload]);
}

/** From fd09::1 to fd09::2. */
export function ipv6(nextHeader: number, payload: Buffer): Buffer {
  const prefix = 'fd09' + '0'.repeat(27);
  return Buffer.concat([
    numbers([0x6ab00000, 4], [payload.length, 2], [nextHeader, 1], [64, 1]),
    Buffer.from(prefix + '1' + prefix + '2', 'hex'),
    payload,
  ]);
}

/** An IPv6 extension header of 8 bytes; `content` are its bytes 2 and 3. */
export function extension(next: number, length = 0, content = 0): Buffer {
  return numbers([next, 1], [length, 1], [content, 2], [0, 4]);
}

export function udp(source: number, destination: number, bytes: number): Buffer {
  return Buffer.concat([
    numbers([source, 2], [destination, 2], [8 + bytes, 2], [0, 2]),
    Buffer.alloc(bytes, 3),
  ]);
}

export function tcp(source: number, destination: number, flags: number, words = 5): Buffer {
  return numbers([source, 2], [destination, 2], [0x01020304, 4], [0, 4], [words << 4, 1], [flags, 1], [0, 6]);
}

/** Type, code, checksum, id, sequence. */
export function icmp(type: number, code: number, id: number): Buffer {
  return numbers([type, 1], [code, 1], [0, 2], [id, 2], [1, 2]);
}
