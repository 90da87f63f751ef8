/** Runs packets through both readers and counts what comes of it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withBlankOptions } from './blankOptions.ts';
import { compareInner, compareOuter, compareQuoted } from './compare.ts';
import type { Verdict } from './compare.ts';
import { MALFORMED_OPTION } from './explanations.ts';
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

/** As many as there may be headers with options, one behind another. */
const BLANKING_ROUNDS = 8;

type Part = 'outer' | 'inner' | 'quoted';

/** A packet that both have read. */
interface Read {
  readonly packet: Buffer;
  /** What tshark read: the same, or with blank options. */
  readonly shown: Buffer;
  readonly ours: ParsedPacket;
  readonly theirs: Reading;
}

function isStopped(verdict: Verdict | null): boolean {
  return verdict?.kind === 'explained' && verdict.rule === MALFORMED_OPTION;
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
    const [outcomes, readings] = await Promise.all([this.#kernel.parse(packets), this.#read(packets)]);
    const stopped: Read[] = [];
    packets.forEach((packet, i) => {
      const [outcome, theirs] = [outcomes[i], readings[i]];
      if (outcome === undefined || theirs === undefined) throw new Error(`packet ${i} has no reading`);
      this.#compare(packet, outcome, theirs, stopped);
    });
    await this.#compareBlanked(stopped);
    this.tally.packets += packets.length;
  }

  async #read(packets: readonly Buffer[]): Promise<(Reading | null)[]> {
    const file = join(this.#folder, 'packets.pcap');
    await writeFile(file, writePcap(packets));
    const readings: (Reading | null)[] = [];
    for await (const row of this.#tshark.read(file)) readings.push(reading(row));
    if (readings.length !== packets.length) {
      throw new Error(`tshark read ${readings.length} of ${packets.length} packets`);
    }
    return readings;
  }

  #compare(packet: Buffer, outcome: Outcome, theirs: Reading | null, stopped: Read[]): void {
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
    const verdicts = this.#verdicts(packet, outcome, theirs);
    if (verdicts.some(([, verdict]) => isStopped(verdict))) {
      stopped.push({ packet, shown: packet, ours: outcome, theirs });
    } else this.#add(packet, verdicts);
    if (outcome.outer !== null && theirs.network !== undefined) {
      this.#fragments.remember(theirs.network, outcome.outer);
    }
  }

  /**
   * Those that tshark did not read to their end for an option's sake, again without the options that it came to; and
   * again, as that shows what was behind them.
   */
  async #compareBlanked(stopped: readonly Read[]): Promise<void> {
    let left = stopped;
    for (let round = 0; round < BLANKING_ROUNDS && left.length > 0; round++) {
      const isLast = round === BLANKING_ROUNDS - 1;
      const blanked = left.map(({ shown, theirs }) => withBlankOptions(shown, theirs.network));
      const readings = await this.#read(blanked);
      left = left.flatMap(({ packet, ours, theirs: before }, i) => {
        const shown = blanked[i] ?? packet;
        const theirs = readings[i] ?? before;
        const verdicts = this.#verdicts(packet, ours, theirs);
        if (!isLast && verdicts.some(([, verdict]) => isStopped(verdict))) {
          return [{ packet, shown, ours, theirs }];
        }
        this.tally.count('read again with blank options');
        this.#add(packet, verdicts);
        return [];
      });
    }
  }

  #add(packet: Buffer, verdicts: readonly (readonly [Part, Verdict | null])[]): void {
    for (const [part, verdict] of verdicts) this.tally.add(packet, part, verdict);
  }

  /** What is inside a packet can be compared only where both read the packet itself to its end. */
  #verdicts(
    packet: Buffer,
    ours: ParsedPacket,
    theirs: Reading,
  ): readonly (readonly [Part, Verdict | null])[] {
    const outer = compareOuter(packet, ours, theirs, this.#fragments);
    if (outer.kind !== 'equal') return [['outer', outer]];
    const inner = compareInner(packet, ours, theirs, this.#fragments);
    if (inner !== null && inner.kind !== 'equal') {
      return [
        ['outer', outer],
        ['inner', inner],
      ];
    }
    return [
      ['outer', outer],
      ['inner', inner],
      ['quoted', compareQuoted(packet, ours, theirs)],
    ];
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
