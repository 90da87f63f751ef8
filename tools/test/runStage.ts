import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { projectEnvironment } from '../setup/environment.ts';
import { root } from '../setup/step.ts';
import { failure, judge } from './counts.ts';
import type { Counts, Exit } from './counts.ts';
import { RESULTS } from './stages.ts';
import type { Stage } from './stages.ts';

export interface StageRun {
  readonly counts: Counts;
  readonly seconds: number;
  /** Everything the stage printed. */
  readonly log: string;
}

/** The name of the cluster that tests share; not the one that `npm run cluster:up` makes. */
export const TEST_CLUSTER = 'test';

/** Milliseconds that a program may take to end after its last test. */
const LINGER = 20_000;

function environment(): NodeJS.ProcessEnv {
  const env = { ...projectEnvironment(), VETHSCOPE_CLUSTER: TEST_CLUSTER };
  // A test must never reach a cluster that the person running it happens to use.
  return Object.fromEntries(Object.entries(env).filter(([name]) => name !== 'KUBECONFIG'));
}

/**
 * Runs a stage in a process group of its own, with its output on ours and in a log file. When its time is over, or the
 * abort signal comes, the whole group is killed.
 */
export async function runStage(stage: Stage, abort: AbortSignal): Promise<StageRun> {
  const started = performance.now();
  const file = join(RESULTS, `${stage.name}.log`);
  const log = createWriteStream(file);
  if (stage.results !== undefined) rmSync(stage.results.file, { force: true });
  const [program, ...args] = stage.command;
  const child = spawn(program, args, {
    cwd: root,
    env: environment(),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const killGroup = () => {
    if (child.pid !== undefined) killProcessGroup(child.pid);
  };
  let killed: Exit['killed'] = null;
  const kill = (why: Exit['killed']) => {
    killed = why;
    killGroup();
  };
  const limit = setTimeout(() => kill('time limit'), stage.minutes * 60_000);
  // Results are written after the last test: a process that stays after that holds something open.
  let resultsSeen = 0;
  const watch = setInterval(() => {
    if (stage.results === undefined || !existsSync(stage.results.file)) return;
    if (resultsSeen === 0) resultsSeen = Date.now();
    else if (Date.now() - resultsSeen > LINGER) kill('lingering');
  }, 1000);
  abort.addEventListener('abort', killGroup, { once: true });
  for (const [stream, ours] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    stream.pipe(log, { end: false });
    stream.on('data', (chunk: Buffer) => ours.write(chunk));
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    // Not 'close': a process that the stage left behind would hold the pipes open.
    child.once('exit', resolve);
  });
  clearTimeout(limit);
  clearInterval(watch);
  abort.removeEventListener('abort', killGroup);
  killGroup(); // what the stage started and did not end
  log.end();
  await finished(log);
  const seconds = (performance.now() - started) / 1000;
  return { counts: countsOf(stage, { code, killed }), seconds, log: file };
}

function countsOf(stage: Stage, exit: Exit): Counts {
  if (stage.results !== undefined) return judge(stage.results.read(stage.results.file), exit);
  if (exit.code === 0) return { passed: 1, failed: 0, skipped: 0, failures: [] };
  return judge(failure(`ended with ${exit.code ?? 'a signal'}`), exit);
}

function killProcessGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
