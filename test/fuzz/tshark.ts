/** tshark's reading of a capture file, with every protocol off that is not a header of ours. */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { AGGREGATOR, FIELDS, Row, SEPARATOR } from './tsharkFields.ts';

/** What is left on. A payload's own dissector could only stop the reading half-way. */
const DISSECTED =
  /^(frame|eth|ethertype|vlan|ieee8021ad|arp|ip|ipv6(\.\w+)*|ah|esp|tcp|udp|udplite|sctp|dccp|icmp|icmpv6|igmp|gre|vxlan|geneve|data|_ws\..*)$/;

/** Each packet stands for itself: nothing is reassembled or followed over packets, no checksum guessed at the end. */
const PREFERENCES = [
  'ip.defragment:FALSE',
  'ipv6.defragment:FALSE',
  // A payload length of 0 is a jumbogram's or nothing: no capture of ours is of a buffer yet to be segmented.
  'ipv6.tso_support:FALSE',
  'eth.fcs:Never',
  'tcp.desegment_tcp_streams:FALSE',
  'tcp.analyze_sequence_numbers:FALSE',
  'tcp.calculate_timestamps:FALSE',
  'udp.calculate_timestamps:FALSE',
  'udplite.calculate_timestamps:FALSE',
  'sctp.reassembly:FALSE',
  'sctp.tsn_analysis:FALSE',
  'esp.do_esp_sequence_analysis:FALSE',
];

export class Tshark {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** With a configuration folder of its own, so that nobody's settings change the reading. */
  static async create(): Promise<Tshark> {
    const folder = await mkdtemp(join(tmpdir(), 'vethscope-tshark-'));
    const { stdout } = await promisify(execFile)('tshark', ['-G', 'protocols'], { maxBuffer: 1 << 24 });
    const names = stdout.split('\n').map((line) => line.split('\t')[2] ?? '');
    const off = names.filter((name) => name !== '' && !DISSECTED.test(name));
    await writeFile(join(folder, 'disabled_protos'), `${off.join('\n')}\n`);
    return new Tshark(folder);
  }

  /** One row a packet, in the file's order. */
  async *read(file: string): AsyncGenerator<Row, void> {
    const args = [
      '-n',
      '-r',
      file,
      '-d',
      'udp.port==8472,vxlan',
      ...PREFERENCES.flatMap((preference) => ['-o', preference]),
    ];
    args.push(
      '-T',
      'fields',
      '-E',
      `separator=${SEPARATOR}`,
      '-E',
      'occurrence=a',
      '-E',
      `aggregator=${AGGREGATOR}`,
    );
    args.push(...FIELDS.flatMap((field) => ['-e', field]));
    const child = spawn('tshark', args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, WIRESHARK_CONFIG_DIR: this.#folder },
    });
    let messages = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (messages += text));
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    // A failure to start is thrown where the rows are awaited, below.
    ended.catch(() => undefined);
    try {
      for await (const line of createInterface({ input: child.stdout })) yield new Row(line);
      const code = await ended;
      if (code !== 0) throw new Error(`tshark ended with ${code}: ${messages}`);
    } finally {
      child.kill();
    }
  }

  /** Removes its configuration. */
  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true });
  }
}
