/** Packets that our own grammar did not make: of Wireshark's randpkt, and of the lab. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LONGEST_FRAME, SHORTEST_FRAME } from './grammar.ts';
import { readPcap } from './pcapFile.ts';

const FOLDER = join(import.meta.dirname, 'captures');

/** Types of randpkt that are Ethernet frames; the rest have other link layers. */
const TYPES = [
  ...['arp', 'bgp', 'dns', 'eth', 'giop', 'icmp', 'ip', 'ipv6', 'megaco', 'nbns', 'sctp', 'syslog'],
  ...['tds', 'udp'],
];

/** What can be run of a capture: randpkt's frames may be shorter than their header, down to nothing. */
function framesOf(file: string): Buffer[] {
  const whole = readPcap(readFileSync(file)).filter(({ length }) => length >= SHORTEST_FRAME);
  return whole.map((packet) => packet.subarray(0, LONGEST_FRAME));
}

/** Those in the repository, in the order of files. */
export function capturedPackets(): Buffer[] {
  const files = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.pcap'))
    .sort();
  return files.flatMap((name) => framesOf(join(FOLDER, name)));
}

/** Fresh ones of every type, which nobody can ask for again: keep what they find. */
export function randomPackets(ofEach: number): Buffer[] {
  const folder = mkdtempSync(join(tmpdir(), 'vethscope-randpkt-'));
  try {
    return TYPES.flatMap((type) => {
      const file = join(folder, `${type}.pcap`);
      const options = ['-t', type, '-c', String(ofEach), '-b', String(LONGEST_BODY), file];
      execFileSync('randpkt', options, { stdio: ['ignore', 'ignore', 'pipe'] });
      return framesOf(file);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Most of what randpkt adds is payload. */
const LONGEST_BODY = 400;
