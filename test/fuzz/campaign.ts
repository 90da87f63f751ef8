/** Runs packets through both readers and counts what comes of it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareInner, compareOuter, compareQuoted } from './compare.ts';
import type { Verdict } from './compare.ts';
import { FragmentMemory } from './fragmentMemory.ts';
import { KernelParser } from './kernel.ts';
import type { Outcome } from './kernel.ts';
import type { ParsedPacket } from './parsedPacket.ts';
import { writePcap } from './pcapFile.ts';
import { LayersCut, readRow } from './reading.ts';
import type { Reading } from './reading.ts';
import { Tshark } from './tshark.ts';
import type { Row } from './tsharkFields.ts';

export interface Disagreement {
  readonly packet: Buffer;
  /** Which of a frame's packets. */
  readonly part: string;
  readonly ours: string;
  readonly theirs: string;
}

export class Tally {
  packets = 0;
  /** By part and verdict, for example "outer: unparsed: truncated". */
  readonly counts = new Map<string, number>();
  readonly disagreements: Disagreement[] = [];

  count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  add(packet: Buffer, part: string, verdict: Verdict | null): void {
    if (verdict === null) return;
    switch (verdict.kind) {
      case 'equal': {
        this.count(`${part}: equal`);
        return;
      }
      case 'unparsed': {
        this.count(`${part}: unparsed: ${verdict.cause}`);
        return;
      }
      case 'explained': {
        this.count(`${part}: explained: ${verdict.rule}`);
        return;
      }
      case 'disagreement':
        this.count(`${part}: DISAGREEMENT`);
        this.disagreements.push({ packet, part, ours: verdict.ours, theirs: verdict.theirs });
    }
  }
}

/** The kernel wants a whole network header after an Ethernet header that announces IP (bpf_prog_test_run_skb). */
function isTooShortToRun(packet: Buffer): boolean {
  const least = { 0x0800: 34, 0x86dd: 54 }[packet.readUInt16BE(12)] ?? 15;
  return packet.length < least;
}

export class Campaign {
  readonly tally = new Tally();
  readonly #fragments = new FragmentMemory();
  readonly #kernel = new KernelParser();
  readonly #tshark: Tshark;
  readonly #folder: string;

  private constructor(tshark: Tshark, folder: string) {
    this.#tshark = tshark;
    this.#folder = folder;
  }

  static async create(): Promise<Campaign> {
    return new Campaign(await Tshark.create(), await mkdtemp(join(tmpdir(), 'vethscope-fuzz-')));
  }

  /** Both read the packets at the same time; then they are compared one by one. */
  async run(packets: readonly Buffer[]): Promise<void> {
    const file = join(this.#folder, 'packets.pcap');
    await writeFile(file, writePcap(packets));
    const [outcomes, rows] = await Promise.all([this.#kernel.parse(packets), this.#readAll(file)]);
    if (rows.length !== packets.length) {
      throw new Error(`tshark read ${rows.length} of ${packets.length} packets`);
    }
    packets.forEach((packet, i) => {
      const [outcome, row] = [outcomes[i], rows[i]];
      if (outcome === undefined || row === undefined) throw new Error(`packet ${i} has no reading`);
      this.#compare(packet, outcome, row);
    });
    this.tally.packets += packets.length;
  }

  async #readAll(file: string): Promise<(Reading | null)[]> {
    const rows: (Reading | null)[] = [];
    for await (const row of this.#tshark.read(file)) rows.push(reading(row));
    return rows;
  }

  #compare(packet: Buffer, outcome: Outcome, theirs: Reading | null): void {
    if (typeof outcome === 'number') {
      if (!isTooShortToRun(packet)) {
        throw new Error(`the kernel refused a packet (errno ${outcome}): ${packet.toString('hex')}`);
      }
      this.tally.count('not run: too short for BPF_PROG_TEST_RUN');
      return;
    }
    if (theirs === null) {
      this.tally.count('not compared: tshark cut its list of layers');
      return;
    }
    const outer = compareOuter(packet, outcome, theirs, this.#fragments);
    this.tally.add(packet, 'outer', outer);
    if (outer.kind === 'equal') this.#compareInside(packet, outcome, theirs);
    if (outcome.outer !== null && theirs.network !== undefined) {
      this.#fragments.remember(theirs.network, outcome.outer);
    }
  }

  /** What is inside a packet can be compared only where both read the packet itself to its end. */
  #compareInside(packet: Buffer, ours: ParsedPacket, theirs: Reading): void {
    const inner = compareInner(packet, ours, theirs, this.#fragments);
    this.tally.add(packet, 'inner', inner);
    if (inner !== null && inner.kind !== 'equal') return;
    this.tally.add(packet, 'quoted', compareQuoted(packet, ours, theirs));
  }

  /** Ends the kernel's side and removes the files. */
  async close(): Promise<void> {
    await this.#kernel.close();
    await this.#tshark.remove();
    await rm(this.#folder, { recursive: true });
  }
}

/** Null where tshark's layers do not account for its values. */
function reading(row: Row): Reading | null {
  try {
    return readRow(row);
  } catch (error) {
    if (error instanceof LayersCut) return null;
    throw error;
  }
}
