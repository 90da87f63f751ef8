/**
 * `npm run bench` measures everything, `npm run bench -- collector agent` some parts. Prints tables, which are also
 * written to test/results/bench.md. Needs Linux and root; times on a busy machine are worth little, ratios more.
 *
 * The part `collector` can be narrowed, for work on the hot path:
 * `npm run bench -- collector --only collector,bare --workloads hot,short,new --measures ns --rounds 3`
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { RESULTS } from '../e2e/screenshots.ts';
import { measureAgent } from './agent.ts';
import { measureAttach } from './attach.ts';
import { availableContenders } from './collector/contenders.ts';
import { measureCollector } from './collector/measure.ts';
import { planOf } from './collector/plan.ts';
import type { Plan } from './collector/plan.ts';
import { table } from './figures.ts';
import type { Figure, Result } from './figures.ts';
import { measureGrid } from './grid.ts';
import { measureInventory } from './inventory.ts';
import { measureJoin } from './join.ts';
import { measureTopology } from './topology.ts';
import { measureStore } from './store.ts';
import { measureActivation, measureClick, measurePath } from './vscode.ts';

const alone = (measure: () => Promise<readonly Figure[]>) => async (): Promise<Result> => ({
  tables: [],
  figures: await measure(),
});

const PARTS: Readonly<Record<string, (plan: Plan) => Promise<Result>>> = {
  collector: measureCollector,
  attach: measureAttach,
  agent: alone(measureAgent),
  join: alone(measureJoin),
  inventory: alone(measureInventory),
  store: alone(measureStore),
  topology: alone(measureTopology),
  grid: alone(measureGrid),
  activation: alone(measureActivation),
  click: alone(measureClick),
  path: alone(measurePath),
};

function wishes(): { parts: readonly string[]; plan: Plan } {
  const string = { type: 'string' } as const;
  const options = { only: string, workloads: string, measures: string, rounds: string };
  const { positionals, values } = parseArgs({ allowPositionals: true, options });
  const unknown = positionals.filter((name) => !(name in PARTS));
  if (unknown.length > 0) {
    throw new Error(`no part is called ${unknown.join(' or ')}; there are ${Object.keys(PARTS).join(', ')}`);
  }
  return { parts: positionals, plan: planOf(values, availableContenders()) };
}

function wishesOrUsage(): ReturnType<typeof wishes> {
  try {
    return wishes();
  } catch (error) {
    console.error((error as Error).message);
    process.exit(2);
  }
}

const { parts, plan } = wishesOrUsage();
const tables: string[] = [];
const figures: Figure[] = [];
for (const [name, measure] of Object.entries(PARTS)) {
  if (parts.length > 0 && !parts.includes(name)) continue;
  console.error(`measuring ${name} ...`);
  const result = await measure(plan);
  tables.push(...result.tables);
  figures.push(...result.figures);
}
if (figures.length > 0) tables.push(table(figures));
const machine = `Linux ${release()}, ${cpus().length} CPUs, Node ${process.versions.node}`;
const text = `${tables.join('\n\n')}\n\n${machine}\n`;
mkdirSync(RESULTS, { recursive: true });
writeFileSync(join(RESULTS, 'bench.md'), text);
console.log(text);
process.exitCode = figures.some(({ reached }) => reached === false) ? 1 : 0;
