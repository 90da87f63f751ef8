/**
 * `npm run bench` measures everything, `npm run bench -- collector agent` some parts. Prints one table, which is also
 * written to test/results/bench.md. Needs Linux and root; times on a busy machine are worth little, ratios more.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { RESULTS } from '../e2e/screenshots.ts';
import { measureAgent } from './agent.ts';
import { measureCollector } from './collector.ts';
import { table } from './figures.ts';
import type { Figure } from './figures.ts';
import { measureGrid } from './grid.ts';
import { measureActivation, measureClick } from './vscode.ts';

const PARTS: Readonly<Record<string, () => Promise<Figure[]>>> = {
  collector: measureCollector,
  agent: measureAgent,
  grid: measureGrid,
  activation: measureActivation,
  click: measureClick,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
  console.error(`no part is called ${unknown.join(' or ')}; there are ${Object.keys(PARTS).join(', ')}`);
  process.exit(2);
}
const figures: Figure[] = [];
for (const [name, measure] of Object.entries(PARTS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.error(`measuring ${name} ...`);
  figures.push(...(await measure()));
}
const machine = `Linux ${release()}, ${cpus().length} CPUs, Node ${process.versions.node}`;
const text = `${table(figures)}\n\n${machine}\n`;
mkdirSync(RESULTS, { recursive: true });
writeFileSync(join(RESULTS, 'bench.md'), text);
console.log(text);
process.exitCode = figures.some(({ reached }) => reached === false) ? 1 : 0;
