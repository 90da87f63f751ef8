/** Nanoseconds a hook run, beside an empty program and a bare hash counter at the same hooks, rounds interleaved. */
import { Lab } from '../lab/lab.ts';
import { compileLoader, CONTENDERS, start } from './contenders.ts';
import type { ContenderName } from './contenders.ts';
import { figure, median } from './figures.ts';
import type { Figure } from './figures.ts';
import { runTime, withStatistics } from './programStatistics.ts';
import { play, prepare, WORKLOADS } from './workloads.ts';
import type { Workload } from './workloads.ts';

const ROUNDS = 3;
/** The collector costs at most this much of the bare hash counter, both without the empty program's share. */
const AIM = 2;

export async function measureCollector(): Promise<Figure[]> {
  compileLoader();
  const lab = await Lab.build();
  try {
    await prepare(lab);
    // Node's own start, neighbours and connection tracking are warm before anything is measured.
    for (const workload of WORKLOADS) await play(lab, workload);
    return await withStatistics(async () => figures(await rounds(lab)));
  } finally {
    await lab.close();
  }
}

type Costs = Map<Workload, Map<ContenderName, number[]>>;

async function rounds(lab: Lab): Promise<Costs> {
  const costs: Costs = new Map(
    WORKLOADS.map((workload) => [workload, new Map(CONTENDERS.map((name) => [name, []]))]),
  );
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of CONTENDERS) {
      const contender = await start(name, lab);
      for (const workload of WORKLOADS) {
        const before = runTime(contender.programs);
        await play(lab, workload);
        const after = runTime(contender.programs);
        const cost = (after.nanoseconds - before.nanoseconds) / (after.runs - before.runs);
        costs.get(workload)?.get(name)?.push(cost);
      }
      await contender.end();
    }
  }
  return costs;
}

function figures(costs: Costs): Figure[] {
  return [...costs].flatMap(([workload, byName]) => {
    const cost = (name: ContenderName): number => median(byName.get(name) ?? []);
    const floor = cost('empty program');
    const ratio = (cost('collector') - floor) / (cost('bare hash counter') - floor);
    return [
      ...CONTENDERS.map((name) => figure(`ns a hook run, ${workload}: ${name}`, cost(name).toFixed(0))),
      figure(
        `${workload}: collector to bare hash counter, empty program taken off`,
        ratio.toFixed(2),
        `<= ${AIM}`,
        ratio <= AIM,
      ),
    ];
  });
}
