/** `npm test`: sets up what the stages need, runs them one after the other, cleans up, and tells the result. */
import { mkdirSync } from 'node:fs';
import { stopCluster } from '../../test/cluster/stop.ts';
import { setUp } from '../setup/setUp.ts';
import { failure, sum } from './counts.ts';
import type { Counts } from './counts.ts';
import { runStage, TEST_CLUSTER } from './runStage.ts';
import type { StageRun } from './runStage.ts';
import { RESULTS } from './stages.ts';
import type { Stage } from './stages.ts';

/** @returns the exit code: 0 when everything passed */
export async function runTests(stages: readonly Stage[]): Promise<number> {
  await setUp([...new Set(stages.flatMap(({ parts }) => parts))]);
  mkdirSync(RESULTS, { recursive: true });
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      interrupted.abort();
    });
  }
  const usesCluster = stages.some(({ cluster }) => cluster === true);
  const runs = new Map<string, StageRun>();
  try {
    // What a killed run left.
    if (usesCluster) await stopCluster({ name: TEST_CLUSTER });
    for (const stage of stages) {
      if (interrupted.signal.aborted) break;
      console.log(`\n== ${stage.name}`);
      runs.set(stage.name, await runStage(stage, interrupted.signal));
    }
  } finally {
    if (usesCluster) await stopCluster({ name: TEST_CLUSTER });
  }
  const total = [...runs.values()].reduce((all, { counts }) => sum(all, counts), nothing);
  const final = interrupted.signal.aborted ? sum(total, failure('interrupted')) : total;
  summarise(stages, runs, final);
  return final.failed > 0 ? 1 : 0;
}

const nothing: Counts = { passed: 0, failed: 0, skipped: 0, failures: [] };

function summarise(stages: readonly Stage[], runs: ReadonlyMap<string, StageRun>, total: Counts): void {
  console.log(
    `\n${'stage'.padEnd(10)}${'passed'.padStart(8)}${'failed'.padStart(8)}${'skipped'.padStart(9)}${'seconds'.padStart(9)}`,
  );
  for (const { name } of stages) {
    const run = runs.get(name);
    if (run === undefined) {
      console.log(`${name.padEnd(10)}  not run`);
      continue;
    }
    const { passed, failed, skipped } = run.counts;
    console.log(
      `${name.padEnd(10)}${`${passed}`.padStart(8)}${`${failed}`.padStart(8)}${`${skipped}`.padStart(9)}${run.seconds.toFixed(0).padStart(9)}`,
    );
    for (const why of run.counts.failures) console.log(`    failed: ${why}`);
    if (failed > 0) console.log(`    output: ${run.log}`);
  }
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
}
