/**
 * The differential fuzz: `npm run fuzz -- --packets 1000000 --seed 1`; --randpkt 1000 adds that many packets of each type
 * that Wireshark's randpkt makes. Prints what came of it and every disagreement,
 * and with --keep adds those to test/fuzz/corpus; ends with 1 when there was one.
 */
import { parseArgs } from 'node:util';
import { Campaign } from './campaign.ts';
import { randomPackets } from './captures.ts';
import { keep } from './corpus.ts';
import { makePacket } from './grammar.ts';
import { compileRunner } from './kernel.ts';
import { report, shown } from './report.ts';

/** Packets that are in memory, and in one capture file, at a time. */
const BATCH = 50_000;

const { values } = parseArgs({
  options: {
    packets: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    randpkt: { type: 'string', default: '0' },
    keep: { type: 'boolean', default: false },
  },
});
const total = Number(values.packets);
const seed = Number(values.seed);
const ofRandpkt = Number(values.randpkt);
if (![total, seed, ofRandpkt].every(Number.isInteger)) {
  throw new Error('--packets, --seed and --randpkt are whole numbers');
}

compileRunner();
const campaign = await Campaign.create();
try {
  if (ofRandpkt > 0) await campaign.run(randomPackets(ofRandpkt));
  for (let done = 0; done < total; done += BATCH) {
    const length = Math.min(BATCH, total - done);
    await campaign.run(Array.from({ length }, (_, i) => makePacket(seed, done + i)));
  }
} finally {
  await campaign.close();
}

const { tally } = campaign;
console.log(`seed ${seed}, ${tally.packets} packets`);
console.log(report(tally));
if (values.keep) keep(shown(tally.disagreements), seed);
process.exitCode = tally.disagreements.length === 0 ? 0 : 1;
