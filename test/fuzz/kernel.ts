/** The collector's parser in the kernel, a packet at a time through BPF_PROG_TEST_RUN. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { run } from '../lab/commands.ts';
import { PARSED_PACKET_SIZE, readParsedPacket } from './parsedPacket.ts';
import type { ParsedPacket } from './parsedPacket.ts';

/** `npm run build:native` compiles the program to here. */
const BUILT = resolve(import.meta.dirname, '../../.cache/fuzz');
const OBJECT = join(BUILT, 'parse_only.o');
const RUNNER = join(BUILT, 'run_packets');

/** Before the value comes the errno of the run. */
const RECORD = 4 + PARSED_PACKET_SIZE;

/** What became of a packet; a number: the kernel did not run it, and this is the errno. */
export type Outcome = ParsedPacket | number;

/** Compiles what feeds the program. */
export function compileRunner(): void {
  if (!existsSync(OBJECT)) throw new Error('not built: run `npm run build:native`');
  run('gcc', ['-O2', '-Wall', join(import.meta.dirname, 'programs/run_packets.c'), '-lbpf', '-o', RUNNER]);
}

function framed(packets: readonly Buffer[]): Buffer {
  const parts = packets.flatMap((packet) => {
    // It would be taken for the end of the batch, and its outcome waited for.
    if (packet.length === 0) throw new Error('a packet without a byte cannot be run');
    const length = Buffer.alloc(4);
    length.writeUInt32LE(packet.length);
    return [length, packet];
  });
  return Buffer.concat([...parts, Buffer.alloc(4)]);
}

function readOutcome(record: Buffer): Outcome {
  const errno = record.readUInt32LE(0);
  return errno === 0 ? readParsedPacket(record.subarray(4)) : errno;
}

/** Holds the loaded program, and with it the fragments that it remembers, until it is closed. */
export class KernelParser {
  readonly #child = spawn(RUNNER, [OBJECT, 'parse_only', 'parsed'], { stdio: ['pipe', 'pipe', 'inherit'] });
  readonly #exited = once(this.#child, 'exit');

  /** Outcomes in the packets' order. */
  async parse(packets: readonly Buffer[]): Promise<Outcome[]> {
    const wanted = packets.length * RECORD;
    this.#child.stdin.write(framed(packets));
    const output: Buffer[] = [];
    let length = 0;
    for await (const chunk of this.#child.stdout.iterator({ destroyOnReturn: false })) {
      output.push(chunk as Buffer);
      length += (chunk as Buffer).length;
      if (length >= wanted) break;
    }
    if (length !== wanted) {
      throw new Error(`the runner gave ${length} bytes, not ${wanted}; the reason is above`);
    }
    const bytes = Buffer.concat(output);
    return packets.map((_, i) => readOutcome(bytes.subarray(i * RECORD, (i + 1) * RECORD)));
  }

  async close(): Promise<void> {
    this.#child.stdin.end();
    await this.#exited;
  }
}
