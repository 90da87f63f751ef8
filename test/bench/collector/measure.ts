/** The collector beside what else could sit on the same hooks, under the same traffic, in one run. */
import { Lab } from '../../lab/lab.ts';
import type { Result } from '../figures.ts';
import { withContender } from './contenders.ts';
import type { ContenderName } from './contenders.ts';
import { measureAgents } from './agents.ts';
import type { Plan } from './plan.ts';
import { compilePrograms } from './programs.ts';
import { runTime, withStatistics } from './programStatistics.ts';
import { report } from './report.ts';
import { Samples } from './samples.ts';
import { play, prepare } from './workloads.ts';

export async function measureCollector(plan: Plan): Promise<Result> {
  compilePrograms();
  const lab = await Lab.build();
  const samples = new Samples();
  try {
    await prepare(lab);
    // So that neighbours are known before anything is measured.
    await play(lab, 'hot');
    for (let round = 1; round <= plan.rounds; round++) {
      console.error(`  round ${round} of ${plan.rounds}`);
      if (plan.measures.includes('ns')) await measureHooks(lab, plan, samples);
      if (plan.measures.includes('rate')) await measureRates(lab, plan, samples);
      if (plan.measures.includes('agent')) await measureAgents(lab, plan, samples);
    }
  } finally {
    await lab.close();
  }
  return report(plan, samples);
}

/** With the kernel's program statistics on, which cost time themselves: nothing else is read from these runs. */
function measureHooks(lab: Lab, plan: Plan, samples: Samples): Promise<void> {
  return withStatistics(async () => {
    for (const name of plan.contenders) {
      await withContender(name, lab, async ({ programs }) => {
        for (const workload of plan.workloads) {
          const before = runTime(programs);
          await play(lab, workload);
          const after = runTime(programs);
          const nanoseconds = after.nanoseconds - before.nanoseconds;
          samples.add(name, workload, 'ns', nanoseconds / (after.runs - before.runs));
        }
      });
    }
  });
}

/** Each contender right after a run without any, of which it is told the share: the machine's load drifts. */
async function measureRates(lab: Lab, plan: Plan, samples: Samples): Promise<void> {
  for (const name of plan.contenders) {
    const off = await playAll(lab, plan);
    await withContender(name, lab, async () => {
      addShares(name, plan, off, await playAll(lab, plan), samples);
    });
  }
}

type Rates = Map<Plan['workloads'][number], Awaited<ReturnType<typeof play>>>;

async function playAll(lab: Lab, plan: Plan): Promise<Rates> {
  const rates: Rates = new Map();
  for (const workload of plan.workloads) rates.set(workload, await play(lab, workload));
  return rates;
}

function addShares(name: ContenderName, plan: Plan, off: Rates, on: Rates, samples: Samples): void {
  for (const workload of plan.workloads) {
    for (const metric of ['rate', 'p50', 'p99'] as const) {
      const [without, value] = [off.get(workload)?.[metric], on.get(workload)?.[metric]];
      if (without !== undefined && value !== undefined) samples.add(name, workload, metric, value / without);
    }
  }
}
