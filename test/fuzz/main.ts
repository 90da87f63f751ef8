/**
 * The differential fuzz: `npm run fuzz -- --packets 1000000 --seed 1`. Prints what came of it and every disagreement,
 * and with --keep adds those to test/fuzz/corpus; ends with 1 when there was one.
 */
import { parseArgs } from 'node:util';
import { Campaign } from './campaign.ts';
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
    keep: { type: 'boolean', default: false },
  },
});
const total = Number(values.packets);
const seed = Number(values.seed);
if (!Number.isInteger(total) || !Number.isInteger(seed)) {
  throw new Error('--packets and --seed are whole numbers');
}

compileRunner();
const campaign = await Campaign.create();
try {
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
