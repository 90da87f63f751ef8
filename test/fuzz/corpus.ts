/** Packets that the readings once disagreed on: text files with a packet in hexadecimal a line, and # for remarks. */
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Disagreement } from './campaign.ts';

const FOLDER = join(import.meta.dirname, 'corpus');

/** In the order of files and lines. */
export function corpusPackets(): Buffer[] {
  const files = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.hex'))
    .sort();
  const lines = files.flatMap((name) => readFileSync(join(FOLDER, name), 'utf8').split('\n'));
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map(fromHex);
}

function fromHex(line: string): Buffer {
  if (!/^([0-9a-f]{2})+$/.test(line)) throw new Error(`not a packet in hexadecimal: ${line}`);
  return Buffer.from(line, 'hex');
}

/** Adds them to the file of what was found and not yet sorted. */
export function keep(found: readonly Disagreement[], seed: number): void {
  for (const { packet, part, ours, theirs } of found) {
    const remark = `# seed ${seed}, ${part}; ours: ${ours}; theirs: ${theirs}`;
    appendFileSync(join(FOLDER, 'found.hex'), `${remark}\n${packet.toString('hex')}\n`);
  }
}
